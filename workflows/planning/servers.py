"""Making the plan of a deployment to servers in place: pin the revision, find the hosts, count."""

from codedeploy.application import ComputePlatform
from codedeploy.errors import InvalidTargetInstances
from codedeploy.fleet import Floor
from codedeploy.instances import HealthClass
from codedeploy.membership import no_members
from codedeploy.plan import Plan
from codedeploy.waves import floor_for, waves_of
from workflows.planning.basis import Basis
from workflows.planning.hosts import check_load_balancers, find_hosts, pinned, warnings_of

NOTHING_OUTDATED = "every instance has the group's last good revision, so nothing was changed"
NO_FLOOR = Floor(minimum_healthy=0, arithmetic="")


async def make_plan(basis: Basis) -> Plan:
    """Return what a deployment to servers would do now.

    Raises:
        InvalidTargetInstances: Instances are named that would replace others.
        DeploymentFailure: There is nothing to deploy to, or the floor leaves no window.
        ActivityError: The revision or the configuration cannot be read.
    """
    refuse_replacement(basis)
    request, group, known = basis.request, basis.group, basis.known
    config = await basis.config()
    revision = await pinned(basis)
    found = await find_hosts(basis)
    hosts, left_alone, no_op = found.hosts, frozenset[str](), ""
    if request.update_outdated_instances_only:
        left_alone = frozenset(
            host.name for host in hosts if known.class_of(host.name) is HealthClass.CURRENT
        )
        no_op = "" if len(left_alone) < len(hosts) else NOTHING_OUTDATED
    if not hosts and not no_op:
        raise no_members(group)
    waves = () if no_op else waves_of(hosts, known, config, left_alone=left_alone)
    names = tuple(host.name for host in hosts if host.name not in left_alone)
    await check_load_balancers(group, names)
    size = 0 if no_op else len(hosts)
    floor = NO_FLOOR if no_op else floor_for(config, size)
    return Plan(
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        revision=revision,
        previous_revision=basis.previous,
        size=size,
        minimum_healthy=floor.minimum_healthy,
        arithmetic=floor.arithmetic,
        bystanders=0 if no_op else len(left_alone),
        waves=waves,
        no_op=no_op,
        warnings=warnings_of(found.silent, basis.previous),
    )


def refuse_replacement(basis: Basis) -> None:
    """Refuse a request that names a replacement to a group where none replaces another.

    Raises:
        InvalidTargetInstances: It names one.
    """
    named, group = basis.request.target_instances, basis.group
    if named is None or not named.names_any:
        return
    if group.compute_platform is ComputePlatform.SERVER:
        why = f"{group.full_name} is IN_PLACE: each of its instances is deployed to where it is."
        otherwise = ", or make the group BLUE_GREEN in deploymentStyle"
    else:
        why = f"{group.full_name} deploys to {group.compute_platform}, where no instances are."
        otherwise = ""
    raise InvalidTargetInstances(
        f"{why} So none can be named that replace others. Leave targetInstances (--target-tag, "
        f"--target-auto-scaling-group) out{otherwise}."
    )
