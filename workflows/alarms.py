"""Alarms, looked at before a deployment starts and until it has ended, waits included."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as TemporalTimeout

from activities.alarms import Alarms
from codedeploy.alarm import AlarmConfiguration, AlarmQuestion, AlarmReport
from codedeploy.errors import DeploymentFailure, ErrorCode
from workflows.options import LONGEST_WATCH, LOOK, awaiting
from workflows.orders import DeploymentOrder
from workflows.stoppable import stoppable


class AlarmWatch:
    """The alarms of one deployment.

    One activity watches for as long as the deployment lasts, two weeks at most before another one
    goes on: a timer a look would fill the history.

    Args:
        configuration: Which alarms, and what an unreadable one means.
        role_arn: Whose eyes are used.
    """

    def __init__(self, configuration: AlarmConfiguration, role_arn: str | None) -> None:
        self._question = AlarmQuestion(configuration=configuration, role_arn=role_arn)

    @classmethod
    def of(cls, order: DeploymentOrder) -> "AlarmWatch":
        """Return the watch of a deployment; none of a rollback: what it answers still fires."""
        override = order.request.override_alarm_configuration
        configuration = order.group.alarm_configuration if override is None else override
        role_arn = order.group.service_role_arn
        return cls(AlarmConfiguration() if order.rollback_of else configuration, role_arn)

    @property
    def _is_needed(self) -> bool:
        return bool(self._question.configuration.watched)

    async def check(self) -> None:
        """Accept a start with every alarm quiet.

        Raises:
            DeploymentFailure: ALARM_ACTIVE, an alarm fires already or cannot be read.
        """
        report = await self._seen()
        if report.stops(self._question.configuration):
            raise DeploymentFailure(
                ErrorCode.ALARM_ACTIVE,
                f"Not started, {report.sentence}. Nothing was changed. To deploy all the same, the "
                "cure for example: --ignore-alarms",
            )

    async def look(self, fired: Callable[[AlarmReport], None]) -> None:
        """Look once, whoever else watches; if an alarm fires, call `fired` and await the stop."""
        report = await self._seen()
        if report.stops(self._question.configuration):
            fired(report)
            await workflow.wait_condition(lambda: False)

    @asynccontextmanager
    async def during(self, fired: Callable[[AlarmReport], None]) -> AsyncIterator[None]:
        """Watch while the block runs; call `fired` at the first alarm that stops deployments."""
        watch = None
        if self._is_needed:
            watch = asyncio.create_task(stoppable(partial(self._watch, fired)))
        try:
            yield
        finally:
            if watch is not None:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self, fired: Callable[[AlarmReport], None]) -> None:
        report = await _answer(self._watched())
        if report.stops(self._question.configuration):
            fired(report)

    async def _watched(self) -> AlarmReport:
        """Return what a watch found; when its time is over, another one goes on."""
        while True:
            try:
                return await workflow.execute_activity_method(
                    Alarms.watch,
                    self._question,
                    summary=f"Watch {', '.join(self._question.configuration.watched)}"[:200],
                    **awaiting(LONGEST_WATCH),
                )
            except ActivityError as error:
                if not isinstance(error.cause, TemporalTimeout):
                    raise

    async def _seen(self) -> AlarmReport:
        if not self._is_needed:
            return AlarmReport()
        looking = workflow.execute_activity_method(
            Alarms.look, self._question, summary="Look at the alarms", **LOOK
        )
        return await _answer(looking)


async def _answer(report: Awaitable[AlarmReport]) -> AlarmReport:
    """Return the report; if none came, that the alarms cannot be read."""
    try:
        return await report
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        return AlarmReport(unreadable=str(error.cause))
