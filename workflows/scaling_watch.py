"""Watching the Auto Scaling groups of a deployment group for instances that come and go."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.held_instances import HeldInstances
from codedeploy.auto_scaling import HeldQuestion, HeldReport
from workflows.hooks_upkeep import SECOND_TRY, Upkeep
from workflows.options import awaiting
from workflows.orders import ScalingWatchOrder
from workflows.refusal import refusal_in

LONGEST_WATCH = timedelta(hours=1)
"""A watch ends by itself long before, to keep its history short."""

ANSWER_LIMIT = timedelta(seconds=30)
"""How long the deployment group may take to say what it does about an instance."""


@workflow.defn
class ScalingWatchWorkflow:
    """Keeps lifecycle hooks installed, and tells the deployment group whom they hold.

    Hooks that somebody has changed or removed are put right within minutes, and instances that
    were terminated are forgotten; however long that takes, held instances get their heartbeats.
    With no group left to watch, and no hook to remove, it ends.
    """

    @workflow.init
    def __init__(self, order: ScalingWatchOrder) -> None:
        self._order = order
        self._is_changed = False
        self._trouble: tuple[str, ...] = ()
        self._upkeep = Upkeep(order)

    @workflow.run
    async def run(self, order: ScalingWatchOrder) -> None:
        """Watch for as long as there is something to watch."""
        upkeep = asyncio.create_task(self._upkeep.go_on())
        while self._upkeep.is_needed and not self._may_begin_anew:
            self._is_changed = False
            await self._round()
        upkeep.cancel()
        await asyncio.gather(upkeep, return_exceptions=True)
        if self._upkeep.is_needed:
            stale = self._upkeep.stale
            workflow.continue_as_new(self._order.model_copy(update={"stale": stale}))

    @property
    def _may_begin_anew(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and not self._upkeep.is_busy

    @workflow.signal
    def watch(self, order: ScalingWatchOrder) -> None:
        """Watch these from now on."""
        self._order = order
        self._is_changed = True
        self._upkeep.want(order.hooks)

    @workflow.query
    def trouble(self) -> tuple[str, ...]:
        """Return what keeps the hooks from being installed, removed or watched, a sentence each."""
        return (*self._trouble, *self._upkeep.trouble)

    async def _round(self) -> None:
        if not workflow.info().is_continue_as_new_suggested():
            self._upkeep.hasten()  # A run that ought to be over waits only for the end of this.
        self._trouble = ()
        try:
            report = await self._report()
        except ActivityError as error:
            why = refusal_in(error).message
            self._trouble = (why,)
            workflow.logger.warning("%s: %s", workflow.info().workflow_id, why)
            await self._until_changed(SECOND_TRY)
            return
        if report.has_news:
            await self._tell(report)

    async def _report(self) -> HeldReport:
        """Return what is new; nothing if something else is to be watched from now on."""
        if not self._order.hooks.names:
            await workflow.wait_condition(lambda: self._is_changed or not self._upkeep.is_needed)
            return HeldReport()
        watch = self._begun()
        await workflow.wait_condition(lambda: self._is_changed or watch.done())
        if watch.done():
            return await watch
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        return HeldReport()

    def _begun(self) -> workflow.ActivityHandle[HeldReport]:
        order = self._order
        return workflow.start_activity_method(
            HeldInstances.wait,
            HeldQuestion(hooks=order.hooks, known=order.known, unanswered=order.unanswered),
            summary="Watch for instances that come and go",
            **awaiting(LONGEST_WATCH),
        )

    async def _tell(self, report: HeldReport) -> None:
        group = workflow.get_external_workflow_handle(self._order.group_workflow_id)
        await group.signal("instances_held", report)
        await self._until_changed(ANSWER_LIMIT)

    async def _until_changed(self, limit: timedelta) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._is_changed, timeout=limit)
