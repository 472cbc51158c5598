"""What the control plane may ask of this host, as Temporal activities."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NoReturn

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agent.interruption import Wish
from agent.lifecycle import Host
from agent.logs import read_piece
from agent.outcome import Outcome
from agent.segment import Segment
from codedeploy.commands import (
    AGENT_ISSUE,
    LIFECYCLE_FAILED,
    LIFECYCLE_STOPPED,
    READ_LOG,
    RUN_LIFECYCLE_EVENTS,
    LifecycleCommand,
    LifecycleReport,
    LogPiece,
    LogRequest,
    Progress,
)
from codedeploy.errors import RollwayError

AGENT_LEAVING = "AgentLeaving"

_HEARTBEAT_SECONDS = 1.0
_VERDICT_SECONDS = 1.0
_GLANCE_SECONDS = 0.2


class HostActivities:
    """The activities of one host's queue."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._name = host.place.name

    @activity.defn(name=RUN_LIFECYCLE_EVENTS)
    async def run_lifecycle_events(self, command: LifecycleCommand) -> LifecycleReport:
        """Run the command's events, or go on with what an earlier attempt began.

        A second call does nothing again: events that ended are answered from the journal, and a
        script that still runs is waited for.

        Raises:
            ApplicationError: `LIFECYCLE_FAILED` or `LIFECYCLE_STOPPED` with the report, for good;
                any other type may be retried.
        """
        activity.heartbeat(Progress())
        await _let_a_stale_attempt_be_told()
        try:
            segment = self._host.take_up(command)
            with segment.watched():
                outcome = await _follow(segment)
        except OSError as error:
            root = self._host.place.layout.root
            sentence = f"the agent cannot keep its records in {root}: {error}. Remove the cause."
            self._retry_later(sentence, kind=AGENT_ISSUE)
        except RollwayError as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error
        return self._answer(outcome)

    def _answer(self, outcome: Outcome) -> LifecycleReport:
        if outcome.wish is Wish.LEAVE:
            self._retry_later(
                "the agent stops; what runs goes on, and the next agent takes it up",
                kind=AGENT_LEAVING,
            )
        if outcome.wish is Wish.STOP:
            self._fail(outcome, "stopped by request.", kind=LIFECYCLE_STOPPED)
        if outcome.failure is not None and outcome.failure.diagnostics is not None:
            self._fail(outcome, outcome.failure.diagnostics.message, kind=LIFECYCLE_FAILED)
        return outcome.report

    def _fail(self, outcome: Outcome, sentence: str, *, kind: str) -> NoReturn:
        raise ApplicationError(
            f"{self._name}: {sentence}", outcome.report, type=kind, non_retryable=True
        )

    def _retry_later(self, sentence: str, *, kind: str) -> NoReturn:
        raise ApplicationError(f"{self._name}: {sentence}", type=kind)

    @activity.defn(name=READ_LOG)
    async def read_log(self, request: LogRequest) -> LogPiece:
        """Return a piece of what a deployment's scripts printed; a second call reads again."""
        deadline = time.monotonic() + request.wait_seconds
        piece = await self._read_log(request)
        while piece.next_offset == request.offset and time.monotonic() < deadline:
            if activity.is_worker_shutdown():
                break
            await asyncio.sleep(_GLANCE_SECONDS)
            piece = await self._read_log(request)
        return piece

    async def _read_log(self, request: LogRequest) -> LogPiece:
        try:
            deployment = self._host.place.layout.deployment(request.deployment_id)
            return await asyncio.to_thread(read_piece, deployment, request, host=self._name)
        except RollwayError as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error


async def _follow(segment: Segment) -> Outcome:
    """Wait for the segment's end, telling the server each second that it goes on.

    A cancellation that the workflow asked for stops it. Any other one means that this attempt no
    longer counts: it lets go, and what runs is left alone.
    """
    async with _leaving_with_the_worker(segment):
        while not segment.task.done():
            activity.heartbeat(segment.progress)
            try:
                await asyncio.wait((segment.task,), timeout=_HEARTBEAT_SECONDS)
            except asyncio.CancelledError:
                if not _is_stop_asked_for():
                    raise
                segment.stop()
    return segment.task.result()


@asynccontextmanager
async def _leaving_with_the_worker(segment: Segment) -> AsyncIterator[None]:
    """Make `segment` leave as soon as the worker shuts down."""
    watch = asyncio.create_task(_leave_with_the_worker(segment))
    try:
        yield
    finally:
        watch.cancel()


async def _leave_with_the_worker(segment: Segment) -> None:
    await activity.wait_for_worker_shutdown()
    segment.leave()


def _is_stop_asked_for() -> bool:
    details = activity.cancellation_details()
    return details is not None and details.cancel_requested


async def _let_a_stale_attempt_be_told() -> None:
    """Wait for the first heartbeat's answer if the server may have given this attempt up.

    A host that was suspended may take up, on waking, what the server has long since counted as
    failed and perhaps rolled back.
    """
    info = activity.info()
    if info.heartbeat_timeout is None:
        return
    if datetime.now(UTC) - info.started_time > info.heartbeat_timeout / 2:
        await asyncio.sleep(_VERDICT_SECONDS)
