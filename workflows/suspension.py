"""Keeping Auto Scaling groups from interfering while their instances are deployed to in place.

Source: CodeDeploy User Guide, Suspending Auto Scaling processes during deployments.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.auto_scaling_groups import AutoScalingGroups
from codedeploy.auto_scaling import ProcessesOrder, ScalingQuestion
from codedeploy.deployment_group import DeploymentGroup
from workflows.options import CHANGE
from workflows.scaling_groups import look
from workflows.single_target import code_and_message
from workflows.undo import to_the_end, unbroken

Tell = Callable[[str], None]


@asynccontextmanager
async def suspended(group: DeploymentGroup, *, tell: Tell) -> AsyncIterator[None]:
    """Suspend the processes that `group` names for the length of the block, whatever ends it.

    Those that somebody else has suspended stay so. If the block ends well and they cannot be
    resumed, that is an error; if it does not, `tell` is told.

    Raises:
        ActivityError: They could not be suspended, and nothing was touched; or not resumed.
    """
    orders = await _orders(group)
    try:
        for order in orders:
            await unbroken(_changed(AutoScalingGroups.suspend, order, "Suspend"))
        yield
    except (Exception, asyncio.CancelledError):
        await to_the_end(_resumed_as_far_as_possible(orders, tell))
        raise
    await to_the_end(_resumed(orders))


async def _orders(group: DeploymentGroup) -> list[ProcessesOrder]:
    options, names = group.ec2_deployment_options, group.auto_scaling_groups
    if options is None or not options.auto_scaling_group_processes_to_suspend or not names:
        return []
    question = ScalingQuestion(names=names, role_arn=group.service_role_arn)
    return [
        ProcessesOrder(
            auto_scaling_group=found.name,
            processes=tuple(
                process.value
                for process in options.auto_scaling_group_processes_to_suspend
                if process.value not in found.suspended
            ),
            role_arn=group.service_role_arn,
        )
        for found in await look(question)
    ]


async def _resumed(orders: list[ProcessesOrder]) -> None:
    for order in orders:
        await _changed(AutoScalingGroups.resume, order, "Resume")


async def _resumed_as_far_as_possible(orders: list[ProcessesOrder], tell: Tell) -> None:
    for order in orders:
        try:
            await _changed(AutoScalingGroups.resume, order, "Resume")
        except ActivityError as error:
            tell(
                f"{', '.join(order.processes)} of {order.auto_scaling_group} are still suspended: "
                f"{code_and_message(error)[1]} Resume them by hand."
            )


async def _changed(
    change: Callable[[AutoScalingGroups, ProcessesOrder], None], order: ProcessesOrder, verb: str
) -> None:
    if not order.processes:
        return
    await workflow.execute_activity_method(
        change,
        order,
        summary=f"{verb} {', '.join(order.processes)} of {order.auto_scaling_group}"[:200],
        **CHANGE,
    )
