"""Reading why a host failed, from what its agent reported or its load balancers could not do."""

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    RetryState,
    TimeoutType,
)
from temporalio.exceptions import TimeoutError as TemporalTimeout

from codedeploy.commands import AGENT_ISSUE, LIFECYCLE_FAILED, LifecycleReport
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from codedeploy.target import TargetFailure, TargetResult
from workflows.host_failure import failure_of
from workflows.options import on_host
from workflows.traffic_desk import not_told


def failed(event: LifecycleEvent) -> LifecycleEventResult:
    return LifecycleEventResult(
        lifecycle_event_name=event,
        status=LifecycleEventStatus.FAILED,
        diagnostics=Diagnostics(
            error_code=LifecycleErrorCode.SCRIPT_FAILED, script_name=f"{event}.sh"
        ),
    )


def error_of(activity_type: str, cause: Exception) -> ActivityError:
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="worker",
        activity_type=activity_type,
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def read(*events: LifecycleEvent) -> TargetFailure:
    report = LifecycleReport(events=tuple(map(failed, events)))
    cause = ApplicationError("web-1: no", report.model_dump(), type=LIFECYCLE_FAILED)
    return read_cause(cause)


def read_cause(cause: ApplicationError) -> TargetFailure:
    error = error_of("run_lifecycle_events", cause)
    failure, _, _ = failure_of(error, TargetResult(target_id="web-1"), agent_timeout_seconds=300)
    return failure


def test_a_forgiven_failure_is_not_taken_for_the_cause() -> None:
    failure = read(LifecycleEvent.APPLICATION_STOP, LifecycleEvent.VALIDATE_SERVICE)

    assert failure.event is LifecycleEvent.VALIDATE_SERVICE
    assert failure.script_name == "ValidateService.sh"


def test_a_failed_answer_to_a_failure_is_not_taken_for_the_cause() -> None:
    failure = read(LifecycleEvent.VALIDATE_SERVICE, LifecycleEvent.DEPLOYMENT_FAILED)

    assert failure.event is LifecycleEvent.VALIDATE_SERVICE


def test_an_agent_that_cannot_keep_its_records_is_an_agent_issue() -> None:
    failure = read_cause(ApplicationError("web-1: No space left on device", type=AGENT_ISSUE))

    assert failure.error_code == "AGENT_ISSUE"
    assert failure.message == "web-1: No space left on device"


def test_an_agent_that_cannot_go_on_is_asked_about_as_long_as_one_that_is_away() -> None:
    attempts = on_host(agent_timeout_seconds=300, script_seconds=60)["retry_policy"]

    assert attempts.maximum_interval is not None
    waits = attempts.maximum_attempts * attempts.maximum_interval.total_seconds()
    assert waits == 300


def test_an_impatient_group_lets_an_agent_be_restarted_all_the_same() -> None:
    options = on_host(agent_timeout_seconds=5, script_seconds=60)

    assert options["retry_policy"].maximum_attempts == 10


# --- at load balancers


def at_load_balancers(cause: Exception) -> tuple[str, str]:
    error = error_of("block_traffic", cause)
    failure = not_told(error, LifecycleEvent.BLOCK_TRAFFIC, "web-1")
    return failure.code, failure.message


def silence(last: Exception | None = None) -> TemporalTimeout:
    error = TemporalTimeout(
        "activity timeout", type=TimeoutType.SCHEDULE_TO_CLOSE, last_heartbeat_details=()
    )
    error.__cause__ = last
    return error


def test_silence_of_load_balancers_is_no_fault_of_an_agent() -> None:
    code, message = at_load_balancers(silence())

    assert code == "INTERNAL_ERROR"
    assert message.startswith("web-1: block_traffic did not answer: activity timeout. Find out")


def test_load_balancers_that_were_given_up_are_so_with_what_they_said_last() -> None:
    last = ApplicationError("Too many calls.", type="THROTTLED")

    assert at_load_balancers(silence(last)) == ("THROTTLED", "web-1: Given up: Too many calls.")


def test_a_refusal_of_no_known_code_is_an_internal_error() -> None:
    assert at_load_balancers(ApplicationError("no", type="KeyError")) == (
        "INTERNAL_ERROR",
        "web-1: no",
    )


def test_a_stop_at_load_balancers_says_that_they_may_have_been_told() -> None:
    code, message = at_load_balancers(CancelledError("cancelled"))

    assert code == "MANUAL_STOP"
    assert message.startswith("web-1: stopped during BlockTraffic.")
