"""Keeping Auto Scaling groups from interfering while their instances are deployed to in place.

Source: CodeDeploy User Guide, Suspending Auto Scaling processes during deployments.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from temporalio.exceptions import ActivityError

from codedeploy.auto_scaling import ProcessesOrder, ScalingQuestion
from codedeploy.errors import from_code
from workflows.orders import DeploymentOrder
from workflows.scaling_groups import look, resume, suspend
from workflows.single_target import code_and_message
from workflows.undo import to_the_end


class _Left(NamedTuple):
    """Why processes are still suspended, as a code and in a sentence."""

    code: str
    sentence: str


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
            tell(left.sentence)
        raise
    await to_the_end(resume_all(processes))


async def resume_all(orders: Sequence[ProcessesOrder]) -> None:
    """Resume the processes of every group where that is possible.

    Raises:
        RollwayError: Those of some groups are still suspended; it names them all.
    """
    if still := await _resumed(orders):
        raise from_code(still[0].code, " ".join(left.sentence for left in still))


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


async def _resumed(orders: Sequence[ProcessesOrder]) -> list[_Left]:
    """Resume what can be resumed; return what cannot."""
    left = []
    for order in orders:
        try:
            await resume(order)
        except ActivityError as error:
            left.append(_left(order, *code_and_message(error)))
    return left


def _left(order: ProcessesOrder, code: str, message: str) -> _Left:
    return _Left(
        code,
        f"{', '.join(order.processes)} of {order.auto_scaling_group} are still suspended: "
        f"{message} Resume them by hand.",
    )
