"""Keeping Auto Scaling groups from interfering while their instances are deployed to in place.

Source: CodeDeploy User Guide, Suspending Auto Scaling processes during deployments.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from codedeploy.auto_scaling import ProcessesOrder, ScalingQuestion
from codedeploy.errors import from_code
from workflows.orders import DeploymentOrder
from workflows.refusal import Refusal, refusal_of
from workflows.scaling_groups import look, resume, suspend
from workflows.undo import to_the_end


@asynccontextmanager
async def suspended(order: DeploymentOrder, *, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Suspend the processes that a deployment names for the length of the block.

    Whatever ends the block, all groups are asked to resume theirs; those that somebody else has
    suspended stay so. If the block does not end well, `tell` is told of each that could not.

    Raises:
        ActivityError: They could not be suspended, and nothing was touched.
        RollwayError: The block ended well, and processes of some groups could not be resumed.
    """
    processes = await _orders(order)
    try:
        for each in processes:
            await suspend(each)
        yield
    except (Exception, asyncio.CancelledError):
        for left in await to_the_end(_resumed(processes)):
            tell(left.message)
        raise
    await to_the_end(resume_all(processes))


async def resume_all(orders: Sequence[ProcessesOrder]) -> None:
    """Resume the processes of every group where that is possible.

    Raises:
        RollwayError: Those of some groups are still suspended; it names them all.
    """
    if still := await _resumed(orders):
        raise from_code(still[0].code, " ".join(left.message for left in still))


async def _orders(order: DeploymentOrder) -> list[ProcessesOrder]:
    group = order.group
    options = order.request.ec2_deployment_options or group.ec2_deployment_options
    names = group.auto_scaling_groups
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


async def _resumed(orders: Sequence[ProcessesOrder]) -> list[Refusal]:
    """Resume what can be resumed; return what cannot, and why."""
    return [
        refusal._replace(message=_still_suspended(order, refusal.message))
        for order in orders
        if (refusal := await refusal_of(resume(order)))
    ]


def _still_suspended(order: ProcessesOrder, why: str) -> str:
    processes = ", ".join(order.processes)
    return (
        f"{processes} of {order.auto_scaling_group} are still suspended: {why} Resume them by hand."
    )
