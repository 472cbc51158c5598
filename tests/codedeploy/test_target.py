from datetime import UTC, datetime

from codedeploy.commands import LifecycleReport
from codedeploy.deployment import TargetFailure, TargetResult, TargetStatus
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.target import advanced, begun, failed, skipped, succeeded

NOW = datetime(2026, 3, 1, 14, tzinfo=UTC)
STOP, DOWNLOAD, INSTALL = FLOW = (
    LifecycleEvent.APPLICATION_STOP,
    LifecycleEvent.DOWNLOAD_BUNDLE,
    LifecycleEvent.INSTALL,
)
FRESH = TargetResult(target_id="web-1")
FAILURE = TargetFailure(target_id="web-1", event=DOWNLOAD, message="web-1: disk full")


def report(**statuses: str) -> LifecycleReport:
    return LifecycleReport(
        events=tuple(
            LifecycleEventResult(
                lifecycle_event_name=LifecycleEvent(name), status=LifecycleEventStatus(status)
            )
            for name, status in statuses.items()
        )
    )


def path(result: TargetResult) -> dict[str, str]:
    return {event.lifecycle_event_name.value: event.status.value for event in result.events}


def after_stop() -> TargetResult:
    return advanced(begun(FRESH, STOP, NOW), report(ApplicationStop="Succeeded"))


def fail(result: TargetResult, *, is_touched: bool = False) -> TargetResult:
    return failed(result, FAILURE, is_touched=is_touched, flow=FLOW, now=NOW)


def test_an_event_handed_to_the_host_is_in_progress_since_then() -> None:
    result = begun(FRESH, STOP, NOW)

    assert (path(result), result.events[0].start_time) == ({"ApplicationStop": "InProgress"}, NOW)


def test_a_target_is_in_progress_from_its_first_event_on() -> None:
    assert begun(FRESH, STOP, NOW).status is TargetStatus.IN_PROGRESS


def test_handing_an_event_over_touches_nothing_yet() -> None:
    assert not begun(FRESH, STOP, NOW).is_touched


def test_a_report_takes_the_place_of_what_was_assumed() -> None:
    result = advanced(
        begun(FRESH, STOP, NOW), report(ApplicationStop="Succeeded", DownloadBundle="Failed")
    )

    assert path(result) == {"ApplicationStop": "Succeeded", "DownloadBundle": "Failed"}


def test_a_report_follows_the_events_before_it() -> None:
    result = advanced(begun(after_stop(), DOWNLOAD, NOW), report(DownloadBundle="Succeeded"))

    assert list(path(result)) == ["ApplicationStop", "DownloadBundle"]


def test_a_reporting_host_was_touched() -> None:
    assert after_stop().is_touched


def test_an_empty_report_changes_nothing() -> None:
    result = begun(FRESH, STOP, NOW)

    assert advanced(result, LifecycleReport()) == result


def test_success_touches_the_host() -> None:
    result = succeeded(after_stop())

    assert (result.status, result.is_touched) == (TargetStatus.SUCCEEDED, True)


def test_an_event_that_was_under_way_fails_with_its_target() -> None:
    result = fail(begun(after_stop(), DOWNLOAD, NOW))

    assert path(result) == {
        "ApplicationStop": "Succeeded",
        "DownloadBundle": "Failed",
        "Install": "Skipped",
    }


def test_an_event_that_fails_has_an_end() -> None:
    assert fail(begun(FRESH, STOP, NOW)).events[0].end_time == NOW


def test_a_failed_target_keeps_its_failure() -> None:
    result = fail(begun(FRESH, STOP, NOW))

    assert (result.status, result.failure) == (TargetStatus.FAILED, FAILURE)


def test_a_host_whose_agent_never_took_up_the_first_event_is_untouched() -> None:
    assert not fail(begun(FRESH, STOP, NOW)).is_touched


def test_a_host_that_may_have_changed_is_touched() -> None:
    assert fail(begun(FRESH, STOP, NOW), is_touched=True).is_touched


def test_a_host_once_touched_stays_so() -> None:
    assert fail(begun(after_stop(), DOWNLOAD, NOW)).is_touched


def test_a_host_stopped_between_two_events_is_half_deployed_and_failed() -> None:
    result = skipped(after_stop(), FLOW)

    assert result.failure is not None
    assert (result.status, result.failure.error_code) == (TargetStatus.FAILED, "MANUAL_STOP")


def test_the_events_behind_a_stop_are_skipped() -> None:
    assert path(skipped(after_stop(), FLOW)) == {
        "ApplicationStop": "Succeeded",
        "DownloadBundle": "Skipped",
        "Install": "Skipped",
    }


def test_an_answer_to_a_failure_stays_behind_the_events_not_reached() -> None:
    reported = report(DownloadBundle="Failed", DeploymentFailed="Succeeded")

    result = fail(advanced(after_stop(), reported))

    assert list(path(result)) == [
        "ApplicationStop",
        "DownloadBundle",
        "Install",
        "DeploymentFailed",
    ]
