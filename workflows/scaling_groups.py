"""What workflows ask of Auto Scaling groups, and with how much patience."""

from temporalio import workflow

from activities.auto_scaling_groups import AutoScalingGroups
from codedeploy.auto_scaling import (
    AttachmentOrder,
    ProcessesOrder,
    ScalingGroup,
    ScalingQuestion,
)
from workflows.options import CHANGE, LONG_CHANGE, LOOK, LOOK_UNDER_WAY, LookOptions


async def look(question: ScalingQuestion) -> tuple[ScalingGroup, ...]:
    """Return the groups that are asked for, before anything is changed.

    Raises:
        ActivityError: One of them does not exist, or AWS is silent for minutes.
    """
    return await _looked(question, LOOK)


async def look_under_way(question: ScalingQuestion) -> tuple[ScalingGroup, ...]:
    """Return the groups as `look` does, with the patience of the changes that come next."""
    return await _looked(question, LOOK_UNDER_WAY)


async def suspend(order: ProcessesOrder) -> None:
    """Suspend processes of a group, if any are named."""
    if order.processes:
        await workflow.execute_activity_method(
            AutoScalingGroups.suspend, order, summary=_summary("Suspend", order), **CHANGE
        )


async def resume(order: ProcessesOrder) -> None:
    """Resume processes of a group, if any are named; a group that is gone is fine."""
    if order.processes:
        await workflow.execute_activity_method(
            AutoScalingGroups.resume, order, summary=_summary("Resume", order), **CHANGE
        )


async def detach(order: AttachmentOrder) -> None:
    """Take load balancers from a group, and return when its instances are out of them."""
    await workflow.execute_activity_method(
        AutoScalingGroups.detach,
        order,
        summary=f"Detach load balancers from {order.auto_scaling_group}",
        **LONG_CHANGE,
    )


async def _looked(question: ScalingQuestion, options: LookOptions) -> tuple[ScalingGroup, ...]:
    return await workflow.execute_activity_method(
        AutoScalingGroups.look,
        question,
        summary=f"Look at {', '.join(question.names)}"[:200],
        **options,
    )


def _summary(verb: str, order: ProcessesOrder) -> str:
    return f"{verb} {', '.join(order.processes)} of {order.auto_scaling_group}"[:200]
