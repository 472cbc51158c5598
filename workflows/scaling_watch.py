"""Watching the Auto Scaling groups of a deployment group for instances that come and go."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.held_instances import HeldInstances
from activities.lifecycle_hooks import LifecycleHooks
from activities.registrations import Registrations
from codedeploy.auto_scaling import HeldQuestion, HeldReport, HooksOrder
from workflows.options import CHANGE, SEARCH, awaiting
from workflows.orders import ScalingWatchOrder

LONGEST_WATCH = timedelta(hours=1)
"""A watch ends by itself long before, to keep its history short."""

SECOND_TRY = timedelta(minutes=1)
"""When hooks are looked at again that could not be installed."""

ANSWER_LIMIT = timedelta(seconds=30)
"""How long the deployment group may take to say what it does about an instance."""


@workflow.defn
class ScalingWatchWorkflow:
    """Keeps lifecycle hooks installed, and tells the deployment group whom they hold.

    Hooks that somebody has changed or removed are put right within minutes, and instances that
    were terminated are forgotten. With no group left to watch it removes its hooks and ends.
    """

    @workflow.init
    def __init__(self, order: ScalingWatchOrder) -> None:
        self._order = order
        self._is_changed = False
        self._trouble = ""

    @workflow.run
    async def run(self, order: ScalingWatchOrder) -> None:
        """Watch for as long as there is something to watch."""
        installed = order.hooks
        while self._order.hooks.names:
            self._is_changed = False
            await _removed(installed, self._order.hooks)
            installed = self._order.hooks
            await self._round()
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(self._order)
        await _removed(installed, self._order.hooks)

    @workflow.signal
    def watch(self, order: ScalingWatchOrder) -> None:
        """Watch these from now on."""
        self._order = order
        self._is_changed = True

    @workflow.query
    def trouble(self) -> str:
        """Return why the hooks could not be installed or watched; empty if they are."""
        return self._trouble

    async def _round(self) -> None:
        try:
            await workflow.execute_activity_method(
                LifecycleHooks.repair,
                self._order.hooks,
                summary="Check the lifecycle hooks",
                **CHANGE,
            )
            await workflow.execute_activity_method(
                Registrations.deregister_terminated,
                self._order.hooks.role_arn,
                summary="Forget instances that were terminated",
                **SEARCH,
            )
            self._trouble = ""
            report = await self._report()
        except ActivityError as error:
            await self._rest(error)
            return
        if report is not None and report.has_news:
            await self._tell(report)

    async def _report(self) -> HeldReport | None:
        """Return what is new; None if something else is to be watched from now on."""
        question = HeldQuestion(hooks=self._order.hooks, known=self._order.known)
        watch = workflow.start_activity_method(
            HeldInstances.wait,
            question,
            summary="Watch for instances that come and go",
            **awaiting(LONGEST_WATCH),
        )
        await workflow.wait_condition(lambda: self._is_changed or watch.done())
        if watch.done():
            return await watch
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        return None

    async def _tell(self, report: HeldReport) -> None:
        group = workflow.get_external_workflow_handle(self._order.group_workflow_id)
        await group.signal("instances_held", report)
        await self._until_changed(ANSWER_LIMIT)

    async def _rest(self, error: ActivityError) -> None:
        cause = error.cause
        self._trouble = cause.message if isinstance(cause, ApplicationError) else str(cause)
        workflow.logger.warning("%s: %s", workflow.info().workflow_id, self._trouble)
        await self._until_changed(SECOND_TRY)

    async def _until_changed(self, limit: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self._is_changed, timeout=limit)
        except TimeoutError:
            return


async def _removed(installed: HooksOrder, wanted: HooksOrder) -> None:
    """Remove the hooks of Auto Scaling groups that are watched no more."""
    names = tuple(name for name in installed.names if name not in wanted.names)
    if not names:
        return
    try:
        await workflow.execute_activity_method(
            LifecycleHooks.remove,
            installed.model_copy(update={"names": names}),
            summary=f"Remove the lifecycle hooks of {', '.join(names)}"[:200],
            **CHANGE,
        )
    except ActivityError as error:
        workflow.logger.warning("hooks of %s were not removed: %s", names, error.cause)
