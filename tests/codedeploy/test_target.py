from datetime import UTC, datetime

import pytest

from codedeploy.commands import LifecycleReport
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.target import (
    TargetFailure,
    TargetLabel,
    TargetResult,
    TargetStatus,
    accomplished,
    advanced,
    awaiting_traffic,
    begun,
    continued,
    departed,
    failed,
    skipped,
    succeeded,
)

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


def test_an_event_that_waited_for_other_hosts_at_a_stop_is_not_in_progress_for_ever() -> None:
    waiting = begun(after_stop(), DOWNLOAD, NOW)

    assert path(skipped(waiting, FLOW)) == {
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


# --- two stages


ALLOW = LifecycleEvent.ALLOW_TRAFFIC
GREEN = FRESH.model_copy(update={"instance_label": TargetLabel.GREEN})
BLUE = FRESH.model_copy(update={"instance_label": TargetLabel.BLUE})


def installed(result: TargetResult = GREEN) -> TargetResult:
    return succeeded(advanced(begun(result, STOP, NOW), report(ApplicationStop="Succeeded")))


def rerouted(result: TargetResult = GREEN) -> TargetResult:
    return succeeded(accomplished(begun(result, ALLOW, NOW), ALLOW, NOW))


def test_the_second_stage_of_a_target_follows_the_first() -> None:
    result = continued(installed(), rerouted())

    assert list(path(result)) == ["ApplicationStop", "AllowTraffic"]


def test_a_target_stands_where_its_second_stage_has_brought_it() -> None:
    assert continued(installed(), fail(begun(GREEN, ALLOW, NOW))).status is TargetStatus.FAILED


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(installed(), GREEN), (GREEN, installed()), (installed(), rerouted())],
    ids=["first", "second", "both"],
)
def test_a_target_is_touched_by_either_stage(earlier: TargetResult, later: TargetResult) -> None:
    assert continued(earlier, later).is_touched


def test_a_target_that_no_stage_touched_is_untouched() -> None:
    assert not continued(GREEN, begun(GREEN, ALLOW, NOW)).is_touched


def test_a_failure_is_the_one_of_the_first_stage_that_failed() -> None:
    second = TargetFailure(target_id="web-1", event=ALLOW, message="web-1: not healthy")
    later = failed(rerouted(), second, is_touched=True, flow=(ALLOW,), now=NOW)

    assert continued(fail(GREEN), later).failure == FAILURE
    assert continued(installed(), later).failure == second


# --- ready


def test_a_replacement_that_is_installed_waits_for_traffic() -> None:
    assert awaiting_traffic(installed()).status is TargetStatus.READY


WAITING_FOR_NOTHING = {
    "served from": continued(installed(), rerouted()),
    "on its way into service": continued(installed(), begun(GREEN, ALLOW, NOW)),
    "failed": fail(begun(GREEN, STOP, NOW)),
    "original": installed(BLUE),
    "in place": installed(FRESH),
}


@pytest.mark.parametrize("result", WAITING_FOR_NOTHING.values(), ids=WAITING_FOR_NOTHING)
def test_nobody_else_does(result: TargetResult) -> None:
    assert awaiting_traffic(result) == result


# --- departed


def leave(result: TargetResult) -> TargetResult:
    return departed(result, "EC2 says that it is terminated", flow=FLOW, now=NOW)


def test_an_instance_that_left_is_neither_good_nor_bad() -> None:
    result = leave(begun(after_stop(), DOWNLOAD, NOW))

    assert (result.status, result.failure) == (TargetStatus.SKIPPED, None)


def test_nothing_of_an_instance_that_left_has_failed() -> None:
    assert path(leave(begun(after_stop(), DOWNLOAD, NOW))) == {
        "ApplicationStop": "Succeeded",
        "DownloadBundle": "Skipped",
        "Install": "Skipped",
    }


def test_the_event_that_it_left_in_says_why_and_has_an_end() -> None:
    event = leave(begun(after_stop(), DOWNLOAD, NOW)).events[1]

    assert event.end_time == NOW
    assert event.diagnostics is not None
    assert event.diagnostics.message == (
        "web-1 left the fleet: EC2 says that it is terminated. It is not counted."
    )


def test_events_that_had_ended_before_it_left_stay_as_they_are() -> None:
    before = after_stop()

    assert leave(begun(before, DOWNLOAD, NOW)).events[0] == before.events[0]
