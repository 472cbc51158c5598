"""Whoever watches Auto Scaling groups for a deployment group."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ParentClosePolicy

from codedeploy.identifiers import scaling_watch_id
from workflows.orders import ScalingWatchOrder
from workflows.scaling_watch import ScalingWatchWorkflow


class Watcher:
    """Tells the watch of a deployment group what to watch, and starts one if there is none.

    A watch goes on by itself; one that somebody terminates is started again when it is told.
    """

    def __init__(self) -> None:
        # Two that find no watch at the same time would both start one.
        self._turn = asyncio.Lock()

    async def tell(self, order: ScalingWatchOrder) -> None:
        """Let `order` be watched from now on."""
        async with self._turn:
            if not await _is_told(order) and order.hooks.names:
                await _start(order)


async def _is_told(order: ScalingWatchOrder) -> bool:
    """Tell the watch that runs; return whether there is one."""
    handle = workflow.get_external_workflow_handle(scaling_watch_id(order.group_workflow_id))
    try:
        await handle.signal(ScalingWatchWorkflow.watch, order)
    except ApplicationError:
        return False
    return True


async def _start(order: ScalingWatchOrder) -> None:
    watch = await workflow.start_child_workflow(
        ScalingWatchWorkflow.run,
        order,
        id=scaling_watch_id(order.group_workflow_id),
        parent_close_policy=ParentClosePolicy.ABANDON,
        static_summary=f"Watch {', '.join(order.hooks.names)}"[:200],
    )
    # Nobody waits for its end, and nobody is surprised by it.
    watch.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
