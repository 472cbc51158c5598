"""The end of an original task set, some time after the deployment that replaced it."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

from activities.ecs_services import EcsServices
from activities.listeners import Listeners
from workflows.options import CHANGE, REMOVE
from workflows.orders import TerminationOrder


@workflow.defn
class TerminationWorkflow:
    """Keeps the original task set for its wait, deletes it, then detaches its target group.

    Its deployment has ended meanwhile, and its group is free. `rollway continue` sends `finish`; so
    does the next deployment, which then waits for the end.
    """

    @workflow.init
    def __init__(self, order: TerminationOrder) -> None:
        self._is_asked_to_finish = False

    @workflow.run
    async def run(self, order: TerminationOrder) -> None:
        """Wait, then delete the task set, and detach its target group when it has drained."""
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._is_asked_to_finish,
                timeout=timedelta(minutes=order.wait_minutes),
                timeout_summary="the original task set is kept",
            )
        await workflow.execute_activity_method(
            EcsServices.delete,
            order.question,
            summary="Delete the original task set",
            **REMOVE,
        )
        if order.detachment is not None:
            await workflow.execute_activity_method(
                Listeners.route,
                order.detachment,
                summary="Forward production traffic to the replacement's target group alone",
                **CHANGE,
            )

    @workflow.signal
    def finish(self) -> None:
        """End the wait."""
        self._is_asked_to_finish = True
