"""What every plan of a deployment to servers asks: the revision, the hosts, the load balancers."""

from temporalio import workflow

from activities.directory import Directory, HostQuestion, HostsFound
from activities.load_balancers import LoadBalancers
from activities.revisions import Revisions
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.revision import PinnedRevision
from codedeploy.target_instances import TargetInstances
from codedeploy.traffic_control import TrafficCommand
from workflows.options import LOOK, PIN, SEARCH
from workflows.planning.basis import Basis

NAMED_HOSTS = 5


async def pinned(basis: Basis) -> PinnedRevision:
    """Return what is deployed, with a content that can no longer change."""
    if basis.request.revision is None and basis.previous is not None:
        return basis.previous
    return await workflow.execute_activity_method(
        Revisions.pin, basis.revision, summary="Pin the revision", **PIN
    )


async def find_hosts(basis: Basis, replacement: TargetInstances | None = None) -> HostsFound:
    """Return the instances that the group means, or those of its replacement."""
    question = HostQuestion(
        group=basis.group,
        target_instances=replacement,
        held=() if replacement else basis.held,
    )
    return await workflow.execute_activity_method(
        Directory.find_hosts,
        question,
        summary="Find replacement instances" if replacement else "Find instances",
        **SEARCH,
    )


async def check_load_balancers(group: DeploymentGroup, hosts: tuple[str, ...]) -> None:
    """Refuse a deployment whose load balancers could not serve it.

    Raises:
        DeploymentFailure: ELASTIC_LOAD_BALANCING_INVALID.
    """
    if not group.controls_traffic or group.load_balancer_info is None:
        return
    command = TrafficCommand(
        deployment_id="",
        targets=hosts,
        load_balancer_info=group.load_balancer_info,
        role_arn=group.service_role_arn,
    )
    problems = await workflow.execute_activity_method(
        LoadBalancers.look, command, summary="Look at the load balancers", **LOOK
    )
    if problems:
        found = " ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, found)


def warnings_of(silent: tuple[str, ...], previous: PinnedRevision | None) -> tuple[str, ...]:
    """Return what a person should know before starting."""
    warnings = []
    if silent:
        names = ", ".join(silent[:NAMED_HOSTS]) + (" ..." if len(silent) > NAMED_HOSTS else "")
        warnings.append(
            f"no agent asks for work on {names}: start it, or the host fails with AGENT_ISSUE"
        )
    if previous is None:
        warnings.append("nothing succeeded here before: a failure could not be rolled back")
    return tuple(warnings)
