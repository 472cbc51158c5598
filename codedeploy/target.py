"""How one target's record changes as its lifecycle events run."""

from datetime import datetime

from codedeploy.commands import LifecycleReport
from codedeploy.deployment import TargetFailure, TargetResult, TargetStatus
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus


def begun(result: TargetResult, event: LifecycleEvent, now: datetime) -> TargetResult:
    """Return `result` with `event` handed to the host."""
    started = LifecycleEventResult(
        lifecycle_event_name=event, status=LifecycleEventStatus.IN_PROGRESS, start_time=now
    )
    return result.model_copy(
        update={"status": TargetStatus.IN_PROGRESS, "events": (*result.events, started)}
    )


def advanced(result: TargetResult, report: LifecycleReport) -> TargetResult:
    """Return `result` with what the host reported in place of what was assumed."""
    if not report.events:
        return result
    reported = {event.lifecycle_event_name for event in report.events}
    kept = tuple(event for event in result.events if event.lifecycle_event_name not in reported)
    return result.model_copy(update={"events": (*kept, *report.events), "is_touched": True})


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
    ended = tuple(_ended(event, now) for event in result.events)
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


def _ended(event: LifecycleEventResult, now: datetime) -> LifecycleEventResult:
    if event.status is not LifecycleEventStatus.IN_PROGRESS:
        return event
    return event.model_copy(update={"status": LifecycleEventStatus.FAILED, "end_time": now})


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
