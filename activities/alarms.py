"""CloudWatch alarms: looking at them once, and watching them through a deployment."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from activities.liveness import alive
from codedeploy.alarm import MOST_ALARMS, AlarmQuestion, AlarmReport
from codedeploy.errors import ErrorCode

_GROWTH = 1.5
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Patience:
    """How often alarms are looked at, and how long CloudWatch may fail to answer.

    Attributes:
        failures: So many looks in a row must fail, for `seconds` at least, until the state of the
            alarms counts as unreadable.
    """

    first_pause: float
    longest_pause: float
    failures: int
    seconds: float

    def is_over(self, failures: int, since: float) -> bool:
        """Whether enough looks have failed, the first of them at the time `since`."""
        return failures >= self.failures and monotonic() - since >= self.seconds

    def pauses(self) -> Iterator[float]:
        """Yield the seconds between looks."""
        pause = self.first_pause
        while True:
            yield pause
            pause = min(pause * _GROWTH, self.longest_pause)


LOOKING = Patience(first_pause=0.5, longest_pause=2, failures=3, seconds=0)
"""For whoever waits for the answer."""

WATCHING = Patience(first_pause=1, longest_pause=15, failures=4, seconds=60)


class Alarms:
    """Metric and composite alarms of CloudWatch, in the worker's account and region."""

    def __init__(
        self, aws: Aws, *, looking: Patience = LOOKING, watching: Patience = WATCHING
    ) -> None:
        self._aws = aws
        self._looking = looking
        self._watching = watching

    @activity.defn(name="look_at_alarms")
    async def look(self, question: AlarmQuestion) -> AlarmReport:
        """Return which alarms are firing now; reads only.

        Whatever keeps the state of an alarm from being read is part of the report, no error.
        """
        return await self._report(question, self._looking)

    @activity.defn(name="watch_alarms")
    async def watch(self, question: AlarmQuestion) -> AlarmReport:
        """Return the first report that stops a deployment; reads only.

        It ends at once when it is cancelled, and begins anew on another worker if this one dies.
        """
        return await alive(self._until_it_stops(question))

    async def _until_it_stops(self, question: AlarmQuestion) -> AlarmReport:
        pauses = self._watching.pauses()
        while True:
            report = await self._report(question, self._watching)
            activity.heartbeat()
            if report.stops(question.configuration):
                return report
            await asyncio.sleep(next(pauses))

    async def _report(self, question: AlarmQuestion, patience: Patience) -> AlarmReport:
        """Return what a look finds, once one succeeds or there is no hope that one will."""
        since, failures, pauses = monotonic(), 0, patience.pauses()
        while True:
            try:
                return await asyncio.to_thread(self._found, question)
            except ApplicationError as error:
                failures += 1
                if error.non_retryable or patience.is_over(failures, since):
                    return AlarmReport(unreadable=error.message)
            await asyncio.sleep(next(pauses))

    def _found(self, question: AlarmQuestion) -> AlarmReport:
        names = question.configuration.watched
        if not names:
            return AlarmReport()
        alarms = self._described(question.role_arn, names)
        missing = [name for name in names if name not in alarms]
        return AlarmReport(
            firing={
                name: alarms[name].get("StateReason", "")
                for name in names
                if name in alarms and alarms[name]["StateValue"] == "ALARM"
            },
            unreadable=_sentence_of(missing) if missing else "",
        )

    def _described(self, role_arn: str | None, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """Return the alarms that exist, by name; an answer holds as many as a group may name."""
        client = self._aws.client("cloudwatch", role_arn)
        with asking("cloudwatch:DescribeAlarms", _shown(names), otherwise=ErrorCode.INTERNAL_ERROR):
            answer = client.describe_alarms(
                AlarmNames=list(names),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=MOST_ALARMS,
            )
        found = answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", [])
        return {alarm["AlarmName"]: alarm for alarm in found}


def _shown(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN_NAMES
    listed = ", ".join(names[:_SHOWN_NAMES])
    return f"alarm {listed}{f' and {more} more' if more > 0 else ''}"


def _sentence_of(missing: list[str]) -> str:
    return (
        f"there is no {_shown(tuple(missing))} in the worker's account and region. Names are "
        "compared exactly: create it, or correct alarmConfiguration of the deployment group."
    )
