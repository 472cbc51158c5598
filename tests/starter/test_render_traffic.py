from datetime import timedelta
from typing import Any

import pytest

from codedeploy.deployment import DeploymentInfo, DeploymentOverview, DeploymentStatus, Wait
from codedeploy.deployment_group import OnDeadline
from codedeploy.target import TargetLabel
from codedeploy.traffic import Shift, TrafficProgress
from starter.render.canvas import ASCII
from starter.render.changes import changes
from starter.render.deployment import deployment_view
from starter.render.lines import plain
from starter.render.recap import Ended, recap
from tests.starter import deployments as given_
from tests.starter import traffic_deployments as traffic

STAMP = "14:06:00 d-AAAAAAAAA"

LINEAR = """\
checkout/live   checkout:4 → checkout:5   ◌ in progress   d-AAAAAAAAA
Lambda checkout:live, from version 4 to version 5
started 14:00:00, 6m00s ago · CodeDeployDefault.LambdaLinear10PercentEvery1Minute

traffic 20% to version 5  ▁▁▁▁▂▂┃▂▂▃▃▃▃▃▃▃▃▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▇▇▇▇█
✔ 10% at 14:04:30   ✔ 20% at 14:05:30   ◌ 30% at 14:06:30   · 40% at 14:07:30
· 50% at 14:08:30   · 60% at 14:09:30   · 70% at 14:10:30   · 80% at 14:11:30
· 90% at 14:12:30   · 100% at 14:13:30
next 30% at 14:06:30 (30s left) · 100% at 14:13:30 (7m30s left)

   EVENT               STATE        TIME
✔  BeforeAllowTraffic  succeeded    6s
◌  AllowTraffic        in progress  1m30s
·  AfterAllowTraffic   to come

next: rollway pause|stop|rollback d-AAAAAAAAA
"""

CANARY_IN_ASCII = """\
web/prod   web:41 -> web:42   o in progress   d-AAAAAAAAA
ECS prod:web
started 14:00:00, 6m00s ago | CodeDeployDefault.ECSCanary10Percent5Minutes

traffic 10% to web:42  .......................|...............#
+ 10% at 14:03:00   o 100% at 14:08:00
next 100% at 14:08:00 (2m00s left)

   EVENT               STATE        TIME
+  BeforeInstall       succeeded    0s
+  Install             succeeded    2m00s
+  AfterInstall        succeeded    0s
+  BeforeAllowTraffic  succeeded    0s
o  AllowTraffic        in progress  3m00s
-  AfterAllowTraffic   to come

TASK SET  ID  RUNNING  TRAFFIC  TARGET GROUP  STATUS
Blue      1   3/3      90%      web-blue      PRIMARY
Green     2   3/3      10%      web-green     ACTIVE

next: rollway pause|stop|rollback d-AAAAAAAAA
"""

PUT_BACK = """\
checkout/live   checkout:4 → checkout:5   ■ stopped   d-AAAAAAAAA
Lambda checkout:live, from version 4 to version 5
took 6m00s · CodeDeployDefault.LambdaLinear10PercentEvery1Minute

traffic 0% to version 5  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▂▂▂▂▂·
✔ 10% at 14:04:30  ✔ 20% at 14:05:30  ■ 0% at 14:06:00
put back at 14:06:00: the original has everything

   EVENT               STATE      TIME
✔  BeforeAllowTraffic  succeeded  6s
✖  AllowTraffic        failed     1m30s
·  AfterAllowTraffic   skipped

checkout:live points to version 4 again.

ALARM_ACTIVE: Stopped, in ALARM: 5xx
"""

RECAP = """\
RECAP
✔ succeeded in 5m00s   d-AAAAAAAAA   web:41 → web:42

traffic 100% to web:42  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█
✔ 10% at 14:03:00   ✔ 100% at 14:05:00

   EVENT          STATE      TIME
✔  BeforeInstall  succeeded  0s
✔  Install        succeeded  2m00s
✔  AfterInstall   succeeded  0s

TASK SET  ID  RUNNING  TRAFFIC  TARGET GROUP  STATUS
Blue      1   3/3      0%       web-blue      PRIMARY
Green     2   3/3      100%     web-green     ACTIVE

The original task set ecs-svc/1 is deleted in 60 min.

‖ waiting for the end of the original task set until 15:05:00 (59m left)

next: rollway continue d-AAAAAAAAA
"""


def shown(info: DeploymentInfo, **members: Any) -> str:
    return plain(deployment_view(info, given_.canvas(**({"width": 80} | members))))


def test_a_function_shows_its_line_of_shifts_and_its_events() -> None:
    assert shown(traffic.function()) == LINEAR


def test_a_service_shows_its_two_task_sets_in_letters_too() -> None:
    assert shown(traffic.service(), glyphs=ASCII) == CANARY_IN_ASCII


def test_what_was_put_back_says_when_and_why_once() -> None:
    assert shown(traffic.function_put_back()) == PUT_BACK


@pytest.mark.parametrize(
    "info",
    [
        traffic.function(),
        traffic.function_put_back(),
        traffic.service(),
        traffic.service_kept(),
        traffic.function(traffic=traffic.progress()),
    ],
    ids=["linear", "put back", "canary", "kept", "not begun"],
)
@pytest.mark.parametrize("width", [80, 120])
def test_the_line_of_shifts_fits_the_screen(info: DeploymentInfo, width: int) -> None:
    lines = shown(info, width=width).splitlines()
    begin = next(at for at, text in enumerate(lines) if text.startswith("traffic "))
    end = lines.index("", begin)

    assert max(map(len, lines[begin:end])) <= width


@pytest.mark.parametrize(
    "info",
    [traffic.function(), traffic.service_ready(), traffic.service_kept()],
    ids=["function", "ready", "kept"],
)
def test_nothing_is_said_of_hosts_and_floors(info: DeploymentInfo) -> None:
    assert "host" not in shown(info)
    assert "floor" not in shown(info)


def test_before_the_first_shift_the_schedule_has_times_of_its_own() -> None:
    lines = shown(traffic.service(traffic=traffic.progress(config=traffic.CANARY))).splitlines()

    assert "· 10%          · 100% +5m00s" in lines
    assert "next 10% when AllowTraffic begins, 100% 5m00s later" in lines


@pytest.mark.parametrize(
    "held",
    [
        {"is_paused": True},
        {
            "wait": Wait(
                reason="approval after shift 1",
                until=given_.at(60),
                on_deadline=OnDeadline.ROLLBACK,
                is_approval=True,
            )
        },
    ],
    ids=["paused", "approval"],
)
def test_a_shift_that_somebody_holds_has_no_time(held: dict[str, object]) -> None:
    info = traffic.service(traffic=traffic.progress((3, 10), config=traffic.CANARY), **held)

    assert "next 100% when AllowTraffic goes on\n" in shown(info)


def test_a_long_line_of_shifts_folds_what_is_far_away() -> None:
    schedule = tuple(
        Shift(percent=number, wait=timedelta(minutes=1 if number > 1 else 0))
        for number in range(1, 101)
    )
    moves = traffic.progress(*((number, number + 1) for number in range(6))).moves
    info = traffic.function(traffic=TrafficProgress(schedule=schedule, moves=moves))

    text = shown(info)

    assert "… 3 earlier shifts  " in text
    assert "… 83 more" in text
    assert "· 100% at 15:39:00" in text


def test_a_ready_replacement_waits_for_a_word() -> None:
    text = shown(traffic.service_ready())

    assert (
        "‖ waiting for somebody to reroute the traffic: continue by 15:05:00 else it stops "
        "(59m left)\n\nnext: rollway continue|stop d-AAAAAAAAA\n"
    ) in text


def test_events_to_come_are_listed_without_those_of_a_test_listener() -> None:
    lines = shown(traffic.service_ready()).splitlines()

    to_come = [line.split()[1] for line in lines if line.endswith("to come")]
    assert to_come == ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]


def test_a_deployment_that_ended_has_no_event_to_come() -> None:
    assert "to come" not in shown(traffic.service_kept())


def test_an_original_that_is_kept_can_be_ended() -> None:
    assert shown(traffic.service_kept()).endswith(
        "‖ waiting for the end of the original task set until 15:05:00 (59m left)\n\n"
        "next: rollway continue d-AAAAAAAAA\n"
    )


def test_an_original_that_is_gone_is_not_waited_for() -> None:
    assert "rollway" not in shown(traffic.service_kept(waits=False))


def test_tasks_that_start_are_counted() -> None:
    info = traffic.service(task_sets_info=(traffic.task_set(TargetLabel.GREEN, 0, running=1),))

    assert "1/3, 2 pending" in shown(info)


def test_a_function_that_needs_no_deployment_says_so() -> None:
    message = "checkout:live points to version 5 already, so nothing was changed."
    info = traffic.function(
        status=DeploymentStatus.SUCCEEDED,
        traffic=None,
        deployment_status_messages=(message,),
        deployment_overview=DeploymentOverview(succeeded=1),
    )

    assert f"\n{message}\n" in shown(info)


def test_a_failed_hook_is_told_with_its_function() -> None:
    info = traffic.function(
        status=DeploymentStatus.FAILED, failures=(traffic.hook_failure(),), traffic=None
    )

    assert "✖ checkout:live  BeforeAllowTraffic  HOOK_EXECUTION_FAILURE\n" in shown(info)


# --- without a terminal


def test_the_first_look_tells_events_and_shifts() -> None:
    assert changes(None, traffic.function(), given_.canvas()) == [
        f"{STAMP} deployment of checkout/live checkout:4 → checkout:5: Lambda checkout:live, from "
        f"version 4 to version 5, {traffic.LINEAR}",
        f"{STAMP} BeforeAllowTraffic: succeeded in 6s",
        f"{STAMP} AllowTraffic: started",
        f"{STAMP} traffic 10% to version 5",
        f"{STAMP} traffic 20% to version 5; next 30% at 14:06:30, 100% in 7m30s",
    ]


def test_the_same_look_again_tells_nothing() -> None:
    assert changes(traffic.function(), traffic.function(), given_.canvas()) == []


def test_a_shift_is_one_line() -> None:
    after = traffic.function(traffic=traffic.progress((4.5, 10), (5.5, 20), (6, 30), next_at=7))

    assert changes(traffic.function(), after, given_.canvas()) == [
        f"{STAMP} traffic 30% to version 5; next 40% at 14:07:00, 100% in 7m00s"
    ]


def test_the_last_shift_has_nothing_behind_it() -> None:
    before = traffic.service()
    after = traffic.service(traffic=traffic.progress((3, 10), (6, 100), config=traffic.CANARY))

    assert changes(before, after, given_.canvas()) == [f"{STAMP} traffic 100% to web:42"]


def test_a_way_back_is_told_with_its_cause() -> None:
    assert changes(traffic.function(), traffic.function_put_back(), given_.canvas()) == [
        f"{STAMP} AllowTraffic: failed in 1m30s",
        f"{STAMP} traffic 0% to version 5; put back: the original has everything",
        f"{STAMP} checkout:live points to version 4 again.",
        f"{STAMP} stopped: ALARM_ACTIVE: Stopped, in ALARM: 5xx",
    ]


def test_a_ready_wait_is_told() -> None:
    before = traffic.service_ready().model_copy(
        update={"status": DeploymentStatus.IN_PROGRESS, "wait": None}
    )

    assert changes(before, traffic.service_ready(), given_.canvas()) == [
        f"{STAMP} waiting for somebody to reroute the traffic: continue by 15:05:00 else it stops "
        "(59m left)",
        f"{STAMP} ready",
    ]


def test_no_control_character_of_a_message_reaches_a_log() -> None:
    after = traffic.function(deployment_status_messages=("a\x1b[31mb\nc",))

    assert changes(traffic.function(), after, given_.canvas()) == [f"{STAMP} ab c"]


# --- at the end


def test_a_recap_keeps_the_line_of_shifts_and_what_is_left_to_do() -> None:
    assert plain(recap([Ended(traffic.service_kept())], given_.canvas(width=80))) == RECAP


def test_a_recap_of_a_failed_hook_names_no_hosts_output() -> None:
    info = traffic.function(
        status=DeploymentStatus.FAILED, failures=(traffic.hook_failure(),), traffic=None
    )

    text = plain(recap([Ended(info)], given_.canvas()))

    assert "HOOK_EXECUTION_FAILURE" in text
    assert "rollway logs" not in text
