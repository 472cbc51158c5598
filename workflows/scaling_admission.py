"""Lifecycle hooks for a definition that a deployment group has not accepted yet."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TemporalTimeout

from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import HooksOrder
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import ErrorCode
from codedeploy.group_info import DeploymentGroupInfo, redefined
from codedeploy.scaling_hooks import hooks_of
from workflows.options import BRIEF_CHANGE


async def install_hooks(info: DeploymentGroupInfo, group: DeploymentGroup) -> None:
    """Put lifecycle hooks into the Auto Scaling groups that `group` would mean.

    If one cannot have them, those that had none before have none afterwards.

    Args:
        info: What the deployment group knows, with the definition that `group` would replace.
        group: The new definition.

    Raises:
        ApplicationError: Why it cannot be accepted, in AWS's or CodeDeploy's words; final.
    """
    wanted = hooks_of(redefined(info, group).serving_group, info.deployment_group_id)
    if not wanted.names:
        return
    try:
        await workflow.execute_activity_method(
            LifecycleHooks.repair, wanted, summary="Put the lifecycle hooks", **BRIEF_CHANGE
        )
    except ActivityError as error:
        await _remove(wanted, besides=_present(info))
        raise _refusal(group, error) from error


def _present(info: DeploymentGroupInfo) -> tuple[str, ...]:
    """Return the Auto Scaling groups whose hooks belong to the definition that stands."""
    return info.serving_group.auto_scaling_groups if info.is_defined else ()


async def _remove(hooks: HooksOrder, *, besides: tuple[str, ...]) -> None:
    """Remove hooks that nobody is going to answer for, except in some groups."""
    names = tuple(name for name in hooks.names if name not in besides)
    if not names:
        return
    try:
        await workflow.execute_activity_method(
            LifecycleHooks.remove,
            hooks.model_copy(update={"names": names}),
            summary="Take the lifecycle hooks back",
            **BRIEF_CHANGE,
        )
    except ActivityError as error:
        workflow.logger.warning("hooks of %s may be left: %s", names, error.cause)


def _refusal(group: DeploymentGroup, error: ActivityError) -> ApplicationError:
    cause = error.cause
    if isinstance(cause, TemporalTimeout):
        cause = cause.cause  # What the last attempt met.
    code, said = ErrorCode.INTERNAL_ERROR.value, "AWS has not answered. Apply the group again."
    if isinstance(cause, ApplicationError):
        code, said = cause.type or code, cause.message
    return ApplicationError(
        f"{group.full_name}: {said} The group was not applied.", type=code, non_retryable=True
    )
