"""Reading the cause of a failed activity on a host."""

from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as TemporalTimeout

from codedeploy.commands import AGENT_ISSUE, LIFECYCLE_FAILED, LIFECYCLE_STOPPED, LifecycleReport
from codedeploy.errors import ErrorCode
from codedeploy.lifecycle import (
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from codedeploy.target import TargetFailure, TargetResult


def failure_of(
    error: ActivityError, result: TargetResult, *, agent_timeout_seconds: int
) -> tuple[TargetFailure, LifecycleReport, bool]:
    """Return why the host failed, what it reported, and whether it may have changed."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in (LIFECYCLE_FAILED, LIFECYCLE_STOPPED):
        report = LifecycleReport.model_validate(cause.details[0])
        return _from_report(result.target_id, report, cause), report, True
    if isinstance(cause, TemporalTimeout):
        failure = _agent_issue(result, cause, agent_timeout_seconds)
        return failure, LifecycleReport(), bool(cause.last_heartbeat_details)
    if isinstance(cause, ApplicationError):
        return _unexpected(result, cause), LifecycleReport(), True
    failure = TargetFailure(
        target_id=result.target_id,
        event=result.current_event,
        error_code=ErrorCode.MANUAL_STOP,
        message=f"{result.target_id}: stopped before its agent took up {result.current_event}.",
    )
    return failure, LifecycleReport(), False


def _from_report(target: str, report: LifecycleReport, cause: ApplicationError) -> TargetFailure:
    event = _cause_in(report)
    diagnostics = event.diagnostics if event else None
    tail = diagnostics.log_tail.strip().splitlines() if diagnostics else []
    return TargetFailure(
        target_id=target,
        event=event.lifecycle_event_name if event else None,
        error_code=diagnostics.error_code if diagnostics else "UnknownError",
        script_name=diagnostics.script_name if diagnostics else "",
        message=cause.message,
        last_output=tail[-1][-400:] if tail else "",
    )


def _cause_in(report: LifecycleReport) -> LifecycleEventResult | None:
    """Return the event that ended the segment: failures before it were forgiven."""
    failed = [
        event
        for event in report.events
        if event.status is LifecycleEventStatus.FAILED
        and event.lifecycle_event_name is not LifecycleEvent.DEPLOYMENT_FAILED
    ]
    return failed[-1] if failed else None


def _agent_issue(
    result: TargetResult, cause: TemporalTimeout, agent_timeout_seconds: int
) -> TargetFailure:
    name = result.target_id
    what = (
        f"its agent did not ask for work for {agent_timeout_seconds} s"
        if cause.type is TimeoutType.SCHEDULE_TO_START
        else "its agent stopped answering"
    )
    return TargetFailure(
        target_id=name,
        event=result.current_event,
        error_code=ErrorCode.AGENT_ISSUE,
        message=f"{name}: {what} ({result.current_event}). Start the agent on the host: "
        f"rollway-agent run --name {name}",
    )


def _unexpected(result: TargetResult, cause: ApplicationError) -> TargetFailure:
    is_of_agent = cause.type == AGENT_ISSUE
    said = cause.message.removeprefix(f"{result.target_id}: ")
    return TargetFailure(
        target_id=result.target_id,
        event=result.current_event,
        error_code=ErrorCode.AGENT_ISSUE if is_of_agent else LifecycleErrorCode.UNKNOWN_ERROR,
        message=f"{result.target_id}: {said}",
    )
