"""Making the plan of a deployment to servers: pin the revision, find the hosts, count."""

from temporalio import workflow

from activities.directory import Directory, HostQuestion
from activities.revisions import Revisions
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment import DeploymentRequest
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.instances import HealthClass
from codedeploy.plan import Known, Plan, floor_for, waves_of
from codedeploy.revision import PinnedRevision
from workflows.options import PIN, QUICK


async def make_plan(
    request: DeploymentRequest,
    group: DeploymentGroup,
    known: Known,
    previous: PinnedRevision | None,
) -> Plan:
    """Return what deploying `request` to `group` would do now.

    Raises:
        DeploymentFailure: There is nothing to deploy to, or the floor leaves no window.
        ActivityError: The revision or the configuration cannot be read.
    """
    config = await load_config(request.deployment_config_name or group.deployment_config_name)
    revision = await _pinned(request, previous)
    found = await workflow.execute_activity_method(
        Directory.find_hosts, HostQuestion(group=group), summary="Find instances", **QUICK
    )
    hosts = found.hosts
    if request.update_outdated_instances_only:
        hosts = tuple(
            host for host in hosts if known.class_of(host.name) is not HealthClass.CURRENT
        )
    waves = waves_of(hosts, known, config)
    floor = floor_for(config, len(hosts))
    return Plan(
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        revision=revision,
        previous_revision=previous,
        size=len(hosts),
        minimum_healthy=floor.minimum_healthy,
        arithmetic=floor.arithmetic,
        waves=waves,
        warnings=_warnings(found.silent, previous),
    )


async def load_config(name: str) -> DeploymentConfig:
    """Return the configuration called `name`, predefined or custom."""
    if name in PREDEFINED:
        return PREDEFINED[name]
    return await workflow.execute_activity_method(
        Directory.load_config, name, summary=f"Look up {name}", **QUICK
    )


async def _pinned(request: DeploymentRequest, previous: PinnedRevision | None) -> PinnedRevision:
    if request.revision is not None:
        return await workflow.execute_activity_method(
            Revisions.pin, request.revision, summary="Pin the revision", **PIN
        )
    if previous is None:
        raise DeploymentFailure(
            ErrorCode.REVISION_MISSING,
            f"No revision was named, and none ever succeeded in {request.group_name}. Name one "
            "with --revision.",
        )
    return previous


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
