"""One command under way: its events in order, each journaled before and after."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from agent.events import Events
from agent.hooks import Place
from agent.interruption import Interrupted, Interruption, Wish
from agent.journal import Entry, Journal
from agent.layout import Layout
from agent.outcome import Outcome
from agent.output import last_line
from agent.recording import Recording
from agent.revisions import write_card
from agent.runners import current_boot_id
from agent.turn import Turn
from codedeploy.commands import LifecycleCommand, LifecycleReport, Progress
from codedeploy.lifecycle import (
    IGNORABLE,
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
    ScriptSource,
)

logger = logging.getLogger(__name__)

_STOPPED = Diagnostics(
    error_code=LifecycleErrorCode.SCRIPT_FAILED, message="The event was stopped by request."
)


class Segment:
    """A command under way, whoever watches it.

    It runs as a task of its own, so that an attempt which the server has given up can let go of
    it while the next attempt takes hold. With nobody watching it finishes the event it is in and
    begins no other.
    """

    def __init__(self, command: LifecycleCommand, place: Place, *, turn: Turn) -> None:
        self._command = command
        self._place = place
        self._turn = turn
        self._deployment = place.layout.deployment(command.deployment_id)
        self._interruption = Interruption()
        self._events = Events(command, place, interruption=self._interruption)
        self._watchers = 0
        self._current: LifecycleEvent | None = None
        self.task = asyncio.create_task(self._run())

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Be interested in the segment; without anybody interested it begins no more events."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    @property
    def is_leaving(self) -> bool:
        """Whether it ends without an outcome, so that its command must be taken up anew."""
        return self._interruption.wish is Wish.LEAVE

    def stop(self) -> None:
        """End the running script, and the segment with it."""
        self._interruption.speak(Wish.STOP)

    def leave(self) -> None:
        """Let go of the running script, for the next agent to take up."""
        self._interruption.speak(Wish.LEAVE)

    @property
    def progress(self) -> Progress:
        """What it is doing now."""
        if self._current is None:
            holder = self._turn.holder
            return Progress(waiting_behind=holder if holder != self._command.deployment_id else "")
        outputs = sorted(self._deployment.scripts.glob(f"{self._current}-*/output"))
        line = last_line(Recording(outputs[-1].parent).tail) if outputs else ""
        return Progress(event=self._current, last_output=line)

    async def _run(self) -> Outcome:
        results: list[LifecycleEventResult] = []
        try:
            async with self._turn.taken_by(self._command.deployment_id, self._interruption):
                return await self._run_events(results)
        except Interrupted as interrupted:
            return Outcome(self._report(results), wish=interrupted.wish)

    async def _run_events(self, results: list[LifecycleEventResult]) -> Outcome:
        write_card(self._place.layout, self._command)
        journal = Journal(self._deployment.journal)
        for event in self._command.events:
            result = await self._answer(event, journal)
            results.append(result)
            if not self._may_go_on_after(result):
                return await self._ended_by(result, results, journal=journal)
        if self._command.completes_deployment:
            complete(self._command, self._place.layout, journal)
        return Outcome(self._report(results))

    async def _ended_by(
        self, result: LifecycleEventResult, results: list[LifecycleEventResult], *, journal: Journal
    ) -> Outcome:
        """Return the outcome after a failure, once the revision's own answer to it has run.

        That answer changes nothing about the outcome, however it ends; a stop gets none.
        """
        wish = self._interruption.wish
        report = self._report(results)
        if wish is None and self._events.answers_failures:
            answer = await self._answer(
                LifecycleEvent.DEPLOYMENT_FAILED, journal, after=result.lifecycle_event_name
            )
            report = LifecycleReport(events=(*report.events, answer))
        return Outcome(report, failure=result, wish=wish)

    def _may_go_on_after(self, result: LifecycleEventResult) -> bool:
        is_forgiven = (
            self._command.ignore_application_stop_failures
            and result.lifecycle_event_name in IGNORABLE
            and self._interruption.wish is None
        )
        return result.status is LifecycleEventStatus.SUCCEEDED or is_forgiven

    async def _answer(
        self, event: LifecycleEvent, journal: Journal, *, after: LifecycleEvent | None = None
    ) -> LifecycleEventResult:
        """Return how `event` ended: from the journal, or by running it."""
        if (known := journal.result(event)) is not None:
            return known
        self._interruption.check()
        if self._watchers == 0:
            raise Interrupted(Wish.LEAVE)
        begun = self._begin(event, journal)
        self._current = event
        may_start = begun.boot_id == current_boot_id()
        ended = self._ended(begun, await self._perform(event, may_start=may_start, after=after))
        journal.append(Entry(event=ended), is_durable=self._ends_with(ended))
        logger.info(
            "%s: %s %s %s", self._place.name, self._deployment.deployment_id, event, ended.status
        )
        return ended

    def _ends_with(self, result: LifecycleEventResult) -> bool:
        """Whether this is the command's last word; otherwise the next event's first line follows.

        That one is durable, and takes this one along to the disk.
        """
        is_last = result.lifecycle_event_name is self._command.events[-1]
        return is_last or result.status is not LifecycleEventStatus.SUCCEEDED

    def _begin(self, event: LifecycleEvent, journal: Journal) -> Entry:
        if (begun := journal.begun(event)) is not None:
            return begun
        result = LifecycleEventResult(
            lifecycle_event_name=event,
            status=LifecycleEventStatus.IN_PROGRESS,
            start_time=datetime.now(UTC),
        )
        entry = Entry(event=result, boot_id=current_boot_id())
        journal.append(entry)
        return entry

    async def _perform(
        self, event: LifecycleEvent, *, may_start: bool, after: LifecycleEvent | None
    ) -> Diagnostics:
        try:
            return await self._events.perform(event, may_start=may_start, after=after)
        except Interrupted as interrupted:
            if interrupted.wish is Wish.LEAVE:
                raise
            return _STOPPED

    def _ended(self, begun: Entry, diagnostics: Diagnostics) -> LifecycleEventResult:
        assert begun.event is not None
        is_success = diagnostics.error_code is LifecycleErrorCode.SUCCESS
        status = LifecycleEventStatus.SUCCEEDED if is_success else LifecycleEventStatus.FAILED
        return begun.event.model_copy(
            update={"status": status, "end_time": datetime.now(UTC), "diagnostics": diagnostics}
        )

    def _report(self, results: list[LifecycleEventResult]) -> LifecycleReport:
        skipped = (
            LifecycleEventResult(lifecycle_event_name=event, status=LifecycleEventStatus.SKIPPED)
            for event in self._command.events[len(results) :]
        )
        return LifecycleReport(events=(*results, *skipped))


def complete(command: LifecycleCommand, layout: Layout, journal: Journal) -> None:
    """Make the revision the last successful one, once: a late repetition changes nothing."""
    if not journal.is_complete:
        group = layout.group(command.deployment_group_id)
        group.point(ScriptSource.LAST_SUCCESSFUL, command.deployment_id)
        journal.append(Entry(is_complete=True))
