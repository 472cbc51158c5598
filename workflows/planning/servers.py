"""Making the plan of a deployment to servers in place: pin the revision, find the hosts, count."""

from codedeploy.instances import HealthClass
from codedeploy.plan import Plan
from codedeploy.waves import floor_for, waves_of
from workflows.planning.basis import Basis
from workflows.planning.hosts import check_load_balancers, find_hosts, pinned, warnings_of


async def make_plan(basis: Basis) -> Plan:
    """Return what a deployment to servers would do now.

    Raises:
        DeploymentFailure: There is nothing to deploy to, or the floor leaves no window.
        ActivityError: The revision or the configuration cannot be read.
    """
    request, group, known = basis.request, basis.group, basis.known
    config = await basis.config()
    revision = await pinned(basis)
    found = await find_hosts(basis)
    hosts = found.hosts
    if request.update_outdated_instances_only:
        hosts = tuple(
            host for host in hosts if known.class_of(host.name) is not HealthClass.CURRENT
        )
    waves = waves_of(hosts, known, config)
    await check_load_balancers(group, tuple(host.name for host in hosts))
    floor = floor_for(config, len(hosts))
    return Plan(
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        revision=revision,
        previous_revision=basis.previous,
        size=len(hosts),
        minimum_healthy=floor.minimum_healthy,
        arithmetic=floor.arithmetic,
        waves=waves,
        warnings=warnings_of(found.silent, basis.previous),
    )
