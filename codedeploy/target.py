"""How one target's record changes as its lifecycle events run."""

from datetime import datetime

from codedeploy.commands import LifecycleReport
from codedeploy.deployment import TargetFailure, TargetLabel, TargetResult, TargetStatus
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)


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
    """Return `result` stopped between two events: half deployed, so it counts as failed."""
    failure = TargetFailure(
        target_id=result.target_id,
        error_code="MANUAL_STOP",
        message=f"{result.target_id}: stopped between two lifecycle events.",
    )
    return _with_rest_skipped(
        result.model_copy(update={"status": TargetStatus.FAILED, "failure": failure}), flow
    )


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
