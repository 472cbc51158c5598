import pytest

from codedeploy.deployment import Creator, DeploymentInfo, DeploymentStatus, RelatedDeployments
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.target import TargetLabel, TargetStatus
from starter.answers import DeploymentRow
from starter.render.batches import batch_lines, time_left
from starter.render.canvas import ASCII
from starter.render.changes import changes
from starter.render.deployment import deployment_view, header
from starter.render.fleets import fleets_now
from starter.render.health import health_line
from starter.render.lines import plain
from starter.render.listings import deployments_view
from starter.render.recap import Ended, recap
from starter.render.targets import targets_view
from tests.starter import deployments as given_
from tests.starter import handovers as those

E = LifecycleEvent

REROUTING = """\
shop/prod   v1 → v2   ◌ in progress   d-AAAAAAAAA
2 hosts replace 3 · floor 1 (max(0, 2 - 1) = 1 must stay)
started 14:00:00, 6m00s ago · CodeDeployDefault.OneAtATime
original     in service 3/3  ██████████
replacement  in service 0/2  ▒▒▒▒▒▒▒▒▒▒ · 1 in progress · 1 installed

   BATCH      HOSTS  STATE                             TIME
✔  1 install  1      done                              1m00s
✔  2 install  1      done                              1m00s
◌  3 reroute  1      1 in progress                     4m00s
·  4-5               to come: reroute, block original

next: rollway pause|stop|rollback d-AAAAAAAAA
"""


def rerouting() -> DeploymentInfo:
    return those.handover(*those.INSTALLED, those.batch(3, "reroute", in_progress=1))


@pytest.mark.parametrize("width", [80, 120])
def test_both_fleets_are_shown_with_what_serves(width: int) -> None:
    shown = plain(deployment_view(rerouting(), given_.canvas(width=width)))

    assert shown == REROUTING


@pytest.mark.parametrize(
    ("info", "serving"),
    [
        pytest.param(those.handover(), (3, 0), id="nothing has begun"),
        pytest.param(those.ready(), (3, 0), id="installed"),
        pytest.param(those.handover(*those.REROUTED[:3]), (3, 1), id="half rerouted"),
        pytest.param(those.handover(*those.REROUTED), (3, 2), id="rerouted"),
        pytest.param(
            those.handover(
                *those.REROUTED, those.batch(5, "block original", succeeded=1, in_progress=1)
            ),
            (1, 2),
            id="the original leaves",
        ),
        pytest.param(those.kept(), (0, 2), id="handed over"),
        pytest.param(
            those.handover(*those.PUT_BACK[:5], those.batch(6, "back to original", in_progress=3)),
            (0, 2),
            id="the original comes back",
        ),
        pytest.param(those.put_back(), (3, 0), id="put back"),
    ],
)
def test_instances_serve_from_their_rerouting_until_they_are_blocked(
    info: DeploymentInfo, serving: tuple[int, int]
) -> None:
    original, replacement = fleets_now(info)

    assert (original.serving, replacement.serving) == serving


def test_a_narrow_terminal_gets_the_numbers_of_both_fleets_alone() -> None:
    assert plain(health_line(rerouting(), given_.canvas(width=36))) == (
        "original     in service 3/3\nreplacement  in service 0/2 · 1 in progress · 1 installed\n"
    )


def test_the_bars_of_both_fleets_need_no_unicode() -> None:
    assert plain(health_line(rerouting(), given_.canvas(glyphs=ASCII))).isascii()


def test_a_failed_replacement_is_counted_as_failed() -> None:
    info = those.handover(those.batch(1, "install", failed=1))

    shown = plain(health_line(info, given_.canvas()))

    assert "replacement  in service 0/2  ░░░░░····· · 1 failed\n" in shown


def test_nothing_more_is_to_come_once_something_is_put_back() -> None:
    info = those.put_back().model_copy(
        update={"status": DeploymentStatus.IN_PROGRESS, "planned_batches": 9}
    )

    assert "to come" not in plain(batch_lines(info, given_.canvas()))


def test_no_time_is_promised_while_stages_differ() -> None:
    assert time_left(rerouting(), given_.canvas()) is None


def test_what_was_put_back_is_told_above_the_failures() -> None:
    shown = plain(deployment_view(those.put_back(), given_.canvas()))

    assert "\nThe original has the traffic again.\n" in shown


def test_after_a_success_the_wait_for_the_end_of_the_original_can_be_cut_short() -> None:
    shown = plain(deployment_view(those.kept(), given_.canvas()))

    assert "waiting for the end of the original instances until 15:05:00 (59m left)" in shown
    assert shown.endswith("next: rollway continue d-AAAAAAAAA\n")


def test_an_original_whose_time_is_over_cannot_be_continued() -> None:
    shown = plain(deployment_view(those.kept(minutes=0), given_.canvas()))

    assert shown.endswith("waiting for the end of the original instances, which is under way\n")


def test_the_log_names_both_fleets_and_every_stage() -> None:
    told = changes(None, rerouting(), given_.canvas())

    assert told[0].endswith("v1 → v2: 2 hosts replace 3, floor 1, CodeDeployDefault.OneAtATime")
    assert told[3].endswith("batch 3 of 5 (reroute): started, 1 in progress")


def test_batches_that_put_back_are_none_of_those_planned() -> None:
    told = changes(None, those.put_back(), given_.canvas())

    assert any("batch 6 (back to original): done" in text for text in told)


def test_targets_say_which_fleet_they_belong_to() -> None:
    hosts = [
        those.host("g-1", those.GREEN, E.VALIDATE_SERVICE).model_copy(
            update={"status": TargetStatus.READY}
        ),
        those.host("b-1", those.BLUE, E.BLOCK_TRAFFIC),
    ]

    assert plain(targets_view(hosts, given_.canvas())) == (
        "\n"
        "HOST  FLEET  STATUS       EVENT            EVENTS DONE  TIME\n"
        "g-1   Green  ‖ ready      ValidateService  1 of 1       1m00s\n"
        "b-1   Blue   ✔ succeeded  BlockTraffic     1 of 1       1m00s\n"
    )


@pytest.mark.parametrize(
    ("label", "last", "word"),
    [
        (those.GREEN, E.ALLOW_TRAFFIC, "succeeded"),
        (those.GREEN, E.BLOCK_TRAFFIC, "left service again"),
        (those.BLUE, E.BLOCK_TRAFFIC, "left service"),
        (those.BLUE, E.ALLOW_TRAFFIC, "serves again"),
        (None, E.ALLOW_TRAFFIC, "succeeded"),
    ],
)
def test_the_recap_says_which_hosts_have_the_traffic(
    label: TargetLabel | None, last: LifecycleEvent, word: str
) -> None:
    ended = Ended(those.kept(), (those.host("h-1", label, last),))

    assert f"h-1   ✔ {word}\n" in plain(recap([ended], given_.canvas()))


def test_the_recap_ends_with_the_wait_for_the_end_of_the_original() -> None:
    shown = plain(recap([Ended(those.kept())], given_.canvas()))

    assert shown.endswith("next: rollway continue d-AAAAAAAAA\n")


def test_a_launch_has_no_fleet_and_no_floor() -> None:
    assert plain(deployment_view(those.launch(), given_.canvas())).splitlines()[:4] == [
        "shop/prod   v1 → v2   ◌ in progress   d-AAAAAAAAA   Auto Scaling launch",
        "i-1 of web",
        "started 14:00:00, 6m00s ago · CodeDeployDefault.OneAtATime",
        "",
    ]


def test_the_log_of_a_launch_names_its_instance() -> None:
    told = changes(None, those.launch(), given_.canvas())

    assert "Auto Scaling launch of shop/prod v1 → v2: i-1 of web, CodeDeploy" in told[0]


def test_an_update_of_outdated_instances_names_the_deployment_that_outdated_them() -> None:
    related = RelatedDeployments(
        auto_update_outdated_instances_root_deployment_id=given_.ROLLBACK_ID
    )
    update = given_.info(creator=Creator.AUTO_UPDATE, related_deployments=related)

    (title, *_) = header(update, given_.canvas())

    assert title.plain.endswith(f"update of outdated instances of {given_.ROLLBACK_ID}")


@pytest.mark.parametrize(
    ("creator", "word"),
    [
        (Creator.USER, "user"),
        (Creator.ROLLBACK, "rollback"),
        (Creator.AUTO_SCALING, "Auto Scaling launch"),
        (Creator.AUTO_SCALING_TERMINATION, "Auto Scaling termination"),
        (Creator.AUTO_UPDATE, "update of outdated instances"),
    ],
)
def test_the_list_says_what_asked_for_a_deployment(creator: Creator, word: str) -> None:
    row = DeploymentRow(
        deployment_id=given_.ID,
        application_name="shop",
        deployment_group_name="prod",
        status=DeploymentStatus.SUCCEEDED,
        creator=creator,
    )

    assert plain(deployments_view([row], given_.canvas())).splitlines()[1].endswith(f"  {word}")
