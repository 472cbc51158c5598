"""One target of a deployment: its record, and how that changes as its lifecycle events run."""

from datetime import datetime
from enum import StrEnum

from codedeploy.commands import LifecycleReport, Progress
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from codedeploy.wire import Model

_ENDED = (
    LifecycleEventStatus.SUCCEEDED,
    LifecycleEventStatus.FAILED,
    LifecycleEventStatus.SKIPPED,
)


class TargetStatus(StrEnum):
    """Where one target stands."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    READY = "Ready"
    UNKNOWN = "Unknown"


class TargetLabel(StrEnum):
    """The part that an instance or a task set plays in a blue/green deployment."""

    BLUE = "Blue"
    GREEN = "Green"


class TargetFailure(Model):
    """Why one target failed.

    Attributes:
        event: The lifecycle event that failed; None if the agent never took it up.
        script_name: The script, as the AppSpec spells it.
        last_output: The last line it printed.
    """

    target_id: str
    event: LifecycleEvent | None = None
    error_code: str = "UnknownError"
    script_name: str = ""
    message: str = ""
    last_output: str = ""


class TargetResult(Model):
    """One target of a deployment, with its lifecycle events.

    Attributes:
        is_touched: Something may have changed on it: a rollback must include it.
        instance_label: Which of the two fleets it belongs to, in a blue/green deployment.
        progress: What its agent last said; asked for only while an event takes long.
    """

    target_id: str
    status: TargetStatus = TargetStatus.PENDING
    events: tuple[LifecycleEventResult, ...] = ()
    is_touched: bool = False
    failure: TargetFailure | None = None
    instance_label: TargetLabel | None = None
    progress: Progress | None = None

    @property
    def current_event(self) -> LifecycleEvent | None:
        """The event its agent says is under way, or the last that is not pending or skipped."""
        if self.progress is not None and self.progress.event is not None:
            return self.progress.event
        begun = [event for event in self.events if event.start_time is not None]
        return begun[-1].lifecycle_event_name if begun else None

    def may_print_more(self, event: LifecycleEvent | None = None) -> bool:
        """Whether scripts of the target, or those of one event, are yet to end."""
        ended = (each for each in self.events if each.status in _ENDED)
        if any(each.lifecycle_event_name is event for each in ended):
            return False
        return self.status in (TargetStatus.PENDING, TargetStatus.IN_PROGRESS, TargetStatus.READY)

    @property
    def busy_since(self) -> datetime | None:
        """When what its agent is doing now was asked for; None if nothing is."""
        under_way = [
            event.start_time
            for event in self.events
            if event.status is LifecycleEventStatus.IN_PROGRESS
        ]
        return under_way[-1] if under_way else None


def begun(result: TargetResult, event: LifecycleEvent, now: datetime) -> TargetResult:
    """Return `result` with `event` handed to the host."""
    started = LifecycleEventResult(
        lifecycle_event_name=event, status=LifecycleEventStatus.IN_PROGRESS, start_time=now
    )
    return result.model_copy(
        update={"status": TargetStatus.IN_PROGRESS, "events": (*result.events, started)}
    )


def accomplished(result: TargetResult, event: LifecycleEvent, now: datetime) -> TargetResult:
    """Return `result` after `event`, which the control plane carried out, ended well."""
    events = tuple(
        _ended(each, now, LifecycleEventStatus.SUCCEEDED)
        if each.lifecycle_event_name is event
        else each
        for each in result.events
    )
    return result.model_copy(update={"events": events, "is_touched": True})


def advanced(result: TargetResult, report: LifecycleReport) -> TargetResult:
    """Return `result` with what the host reported in place of what was assumed."""
    if not report.events:
        return result
    reported = {event.lifecycle_event_name for event in report.events}
    kept = tuple(event for event in result.events if event.lifecycle_event_name not in reported)
    return result.model_copy(update={"events": (*kept, *report.events), "is_touched": True})


def continued(earlier: TargetResult, later: TargetResult) -> TargetResult:
    """Return one result of a target that took part in two stages of a deployment."""
    return later.model_copy(
        update={
            "events": (*earlier.events, *later.events),
            "is_touched": earlier.is_touched or later.is_touched,
            "failure": earlier.failure or later.failure,
        }
    )


def awaiting_traffic(result: TargetResult) -> TargetResult:
    """Return a replacement that is installed as `Ready` until it has been given traffic."""
    is_installed = (
        result.instance_label is TargetLabel.GREEN and result.status is TargetStatus.SUCCEEDED
    )
    moves = {LifecycleEvent.ALLOW_TRAFFIC, LifecycleEvent.BLOCK_TRAFFIC}
    if is_installed and not moves & {event.lifecycle_event_name for event in result.events}:
        return result.model_copy(update={"status": TargetStatus.READY})
    return result


def succeeded(result: TargetResult) -> TargetResult:
    """Return `result` after its last event ended well."""
    return result.model_copy(update={"status": TargetStatus.SUCCEEDED, "is_touched": True})


def failed(
    result: TargetResult,
    failure: TargetFailure,
    *,
    is_touched: bool,
    flow: tuple[LifecycleEvent, ...],
    now: datetime,
) -> TargetResult:
    """Return `result` with its failure; events it never reached are skipped."""
    ended = tuple(_with_cause(_ended(event, now), failure) for event in result.events)
    return _with_rest_skipped(
        result.model_copy(
            update={
                "status": TargetStatus.FAILED,
                "failure": failure,
                "is_touched": result.is_touched or is_touched,
                "events": ended,
            }
        ),
        flow,
    )


def _ended(
    event: LifecycleEventResult,
    now: datetime,
    status: LifecycleEventStatus = LifecycleEventStatus.FAILED,
) -> LifecycleEventResult:
    if event.status is not LifecycleEventStatus.IN_PROGRESS:
        return event
    return event.model_copy(update={"status": status, "end_time": now})


def _with_cause(event: LifecycleEventResult, failure: TargetFailure) -> LifecycleEventResult:
    """Return a failed event that says why, if its host could not say so itself."""
    if event.status is not LifecycleEventStatus.FAILED or event.diagnostics is not None:
        return event
    diagnostics = Diagnostics(error_code=LifecycleErrorCode.UNKNOWN_ERROR, message=failure.message)
    return event.model_copy(update={"diagnostics": diagnostics})


def skipped(result: TargetResult, flow: tuple[LifecycleEvent, ...]) -> TargetResult:
    """Return `result` stopped between two events: half deployed, so it counts as failed.

    An event that it still waited for others to come to has not begun, and is skipped, too.
    """
    begun_for_good = tuple(
        event for event in result.events if event.status is not LifecycleEventStatus.IN_PROGRESS
    )
    failure = TargetFailure(
        target_id=result.target_id,
        error_code="MANUAL_STOP",
        message=f"{result.target_id}: stopped between two lifecycle events.",
    )
    changes = {"status": TargetStatus.FAILED, "failure": failure, "events": begun_for_good}
    return _with_rest_skipped(result.model_copy(update=changes), flow)


def departed(
    result: TargetResult, reason: str, *, flow: tuple[LifecycleEvent, ...], now: datetime
) -> TargetResult:
    """Return `result` of an instance that left the fleet meanwhile: neither good nor bad."""
    gone = Diagnostics(
        error_code=LifecycleErrorCode.UNKNOWN_ERROR,
        message=f"{result.target_id} left the fleet: {reason}. It is not counted.",
    )
    events = tuple(
        _ended(event, now, LifecycleEventStatus.SKIPPED).model_copy(update={"diagnostics": gone})
        if event.status is LifecycleEventStatus.IN_PROGRESS
        else event
        for event in result.events
    )
    return _with_rest_skipped(
        result.model_copy(update={"status": TargetStatus.SKIPPED, "events": events}), flow
    )


def interrupted(
    result: TargetResult, *, flow: tuple[LifecycleEvent, ...], now: datetime
) -> TargetResult:
    """Return `result` after a stop: the event under way has failed, the rest are skipped."""
    events = tuple(_ended(event, now) for event in result.events)
    return _with_rest_skipped(
        result.model_copy(update={"status": TargetStatus.FAILED, "events": events}), flow
    )


def _with_rest_skipped(result: TargetResult, flow: tuple[LifecycleEvent, ...]) -> TargetResult:
    """Return `result` with the events of `flow` it lacks; what answers a failure stays last."""
    seen = {event.lifecycle_event_name for event in result.events}
    rest = tuple(
        LifecycleEventResult(lifecycle_event_name=event, status=LifecycleEventStatus.SKIPPED)
        for event in flow
        if event not in seen
    )
    events = sorted(
        (*result.events, *rest),
        key=lambda event: event.lifecycle_event_name is LifecycleEvent.DEPLOYMENT_FAILED,
    )
    return result.model_copy(update={"events": tuple(events)})
