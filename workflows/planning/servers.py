"""Making the plan of a deployment to servers: pin the revision, find the hosts, count."""

from temporalio import workflow

from activities.directory import Directory, HostQuestion
from activities.load_balancers import LoadBalancers
from activities.revisions import Revisions
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.instances import HealthClass, Host
from codedeploy.plan import Plan, floor_for, waves_of
from codedeploy.revision import PinnedRevision
from codedeploy.traffic_control import TrafficCommand
from workflows.options import LOOK, PIN, QUICK
from workflows.planning.basis import Basis


async def make_plan(basis: Basis) -> Plan:
    """Return what a deployment to servers would do now.

    Raises:
        DeploymentFailure: There is nothing to deploy to, or the floor leaves no window.
        ActivityError: The revision or the configuration cannot be read.
    """
    request, group, known = basis.request, basis.group, basis.known
    config = await basis.config()
    revision = await _pinned(basis)
    found = await workflow.execute_activity_method(
        Directory.find_hosts, HostQuestion(group=group), summary="Find instances", **QUICK
    )
    hosts = found.hosts
    if request.update_outdated_instances_only:
        hosts = tuple(
            host for host in hosts if known.class_of(host.name) is not HealthClass.CURRENT
        )
    waves = waves_of(hosts, known, config)
    await _check_load_balancers(group, hosts)
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
        warnings=_warnings(found.silent, basis.previous),
    )


async def _check_load_balancers(group: DeploymentGroup, hosts: tuple[Host, ...]) -> None:
    if not group.controls_traffic or group.load_balancer_info is None:
        return
    command = TrafficCommand(
        deployment_id="",
        targets=tuple(host.name for host in hosts),
        load_balancer_info=group.load_balancer_info,
        role_arn=group.service_role_arn,
    )
    problems = await workflow.execute_activity_method(
        LoadBalancers.look, command, summary="Look at the load balancers", **LOOK
    )
    if problems:
        found = " ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, found)


async def _pinned(basis: Basis) -> PinnedRevision:
    if basis.request.revision is None and basis.previous is not None:
        return basis.previous
    return await workflow.execute_activity_method(
        Revisions.pin, basis.revision, summary="Pin the revision", **PIN
    )


def _warnings(silent: tuple[str, ...], previous: PinnedRevision | None) -> tuple[str, ...]:
    warnings = []
    if silent:
        names = ", ".join(silent[:5]) + (" ..." if len(silent) > 5 else "")
        warnings.append(
            f"no agent asks for work on {names}: start it, or the host fails with AGENT_ISSUE"
        )
    if previous is None:
        warnings.append("nothing succeeded here before: a failure could not be rolled back")
    return tuple(warnings)
