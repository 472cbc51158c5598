"""Reading why a host failed from what its agent reported."""

from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from codedeploy.commands import LIFECYCLE_FAILED, LifecycleReport
from codedeploy.deployment import TargetFailure, TargetResult
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from workflows.host_failure import failure_of


def failed(event: LifecycleEvent) -> LifecycleEventResult:
    return LifecycleEventResult(
        lifecycle_event_name=event,
        status=LifecycleEventStatus.FAILED,
        diagnostics=Diagnostics(
            error_code=LifecycleErrorCode.SCRIPT_FAILED, script_name=f"{event}.sh"
        ),
    )


def read(*events: LifecycleEvent) -> TargetFailure:
    report = LifecycleReport(events=tuple(map(failed, events)))
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="agent",
        activity_type="run_lifecycle_events",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = ApplicationError("web-1: no", report.model_dump(), type=LIFECYCLE_FAILED)
    failure, _, _ = failure_of(error, TargetResult(target_id="web-1"), agent_timeout_seconds=300)
    return failure


def test_a_forgiven_failure_is_not_taken_for_the_cause() -> None:
    failure = read(LifecycleEvent.APPLICATION_STOP, LifecycleEvent.VALIDATE_SERVICE)

    assert failure.event is LifecycleEvent.VALIDATE_SERVICE
    assert failure.script_name == "ValidateService.sh"


def test_a_failed_answer_to_a_failure_is_not_taken_for_the_cause() -> None:
    failure = read(LifecycleEvent.VALIDATE_SERVICE, LifecycleEvent.DEPLOYMENT_FAILED)

    assert failure.event is LifecycleEvent.VALIDATE_SERVICE
