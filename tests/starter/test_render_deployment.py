from datetime import timedelta

import pytest

from codedeploy.deployment import (
    BatchStatus,
    BatchSummary,
    DeploymentInfo,
    DeploymentOverview,
    DeploymentStatus,
    ErrorInformation,
    Intervention,
    RelatedDeployments,
    RollbackInfo,
    Wait,
)
from codedeploy.deployment_group import OnDeadline
from codedeploy.failures import group_failures
from starter.render.batches import batch_lines, time_left
from starter.render.canvas import ASCII, Canvas, glyphs_for
from starter.render.deployment import deployment_view, watched_view
from starter.render.lines import plain
from tests.starter import deployments as given_

RUNNING = """\
shop/prod   v1 → v2   ◌ in progress   d-AAAAAAAAA
5 hosts · floor 3 (HOST_COUNT 3 must stay)
started 14:00:00, 6m00s ago · about 6m30s left · CodeDeployDefault.OneAtATime
healthy 3/5 · floor 3  ██████┃▒▒░░ · 1 in progress · 1 out of service

   BATCH  HOSTS  STATE          TIME
✔  1      1      done           2m00s
✖  2      1      1 failed       3m00s
◌  3      1      1 in progress  1m00s
·  4-5    2      to come

✖ web-2  ValidateService check.sh  ScriptFailed
    check.sh (ValidateService) exited 1 after 4 s.
    last output: "port 8080 in use"

next: rollway pause|stop|rollback d-AAAAAAAAA
"""

WAITING_IN_ASCII = """\
shop/prod   v1 -> v2   o in progress   d-AAAAAAAAA
5 hosts | floor 4 (max(0, 5 - 1) = 4 must stay)
started 14:00:00, 6m00s ago | CodeDeployDefault.OneAtATime
healthy 5/5 | floor 4  ########|##

   BATCH  HOSTS  STATE    TIME
+  1      1      done     5m00s
-  2-5    4      to come

= waiting for approval after batch 1: approve by 15:05:00 else ROLLBACK (59m left)

next: rollway approve|reject d-AAAAAAAAA
"""

FAILED = """\
shop/prod   v1 → v2   ✖ failed   d-AAAAAAAAA
5 hosts · floor 4 (max(0, 5 - 1) = 4 must stay)
took 5m00s · CodeDeployDefault.OneAtATime
healthy 4/5 · floor 4  ████████┃░░ · 1 out of service

   BATCH  HOSTS  STATE     TIME
✔  1      1      done      2m00s
✖  2      1      1 failed  3m00s

✖ web-2  ValidateService check.sh  ScriptFailed
    check.sh (ValidateService) exited 1 after 4 s.
    last output: "port 8080 in use"
HEALTH_CONSTRAINTS: 1 of 5 instances failed.

rollback: d-BBBBBBBBB
"""

ROLLED_BACK = """\
shop/prod   v1 → v2   ✖ failed   d-AAAAAAAAA
5 hosts · floor 4 (max(0, 5 - 1) = 4 must stay)
took 5m00s · CodeDeployDefault.OneAtATime
✖ web-2  ValidateService check.sh  ScriptFailed
    check.sh (ValidateService) exited 1 after 4 s.
    last output: "port 8080 in use"
HEALTH_CONSTRAINTS: 1 of 5 instances failed.

shop/prod   v2 → v1   ✔ succeeded   d-BBBBBBBBB   rollback of d-AAAAAAAAA
2 of 5 hosts · floor 4 (max(0, 5 - 1) = 4 must stay)
took 30s · CodeDeployDefault.OneAtATime
healthy 5/5 · floor 4  ████████┃██

   BATCH  HOSTS  STATE  TIME
✔  1      2      done   30s
"""


@pytest.mark.parametrize(
    ("info", "canvas", "expected"),
    [
        pytest.param(given_.running(), given_.canvas(width=80), RUNNING, id="running"),
        pytest.param(
            given_.waiting(), given_.canvas(glyphs=ASCII), WAITING_IN_ASCII, id="waiting, ASCII"
        ),
        pytest.param(given_.failed(), given_.canvas(60), FAILED, id="failed"),
    ],
)
def test_a_deployment_is_shown_as_documented(
    info: DeploymentInfo, canvas: Canvas, expected: str
) -> None:
    assert plain(deployment_view(info, canvas)) == expected


def test_a_rollback_has_a_section_below_what_set_it_off() -> None:
    view = watched_view([given_.failed(), given_.rollback()], given_.canvas())

    assert plain(view) == ROLLED_BACK


def _last_lines(info: DeploymentInfo, count: int = 3) -> list[str]:
    return plain(deployment_view(info, given_.canvas())).splitlines()[-count:]


def test_a_paused_deployment_says_how_to_resume_it() -> None:
    paused = given_.info(is_paused=True)

    assert _last_lines(paused) == ["‖ paused", "", "next: rollway resume|stop d-AAAAAAAAA"]


@pytest.mark.parametrize(
    ("wait", "sentence"),
    [
        pytest.param(Wait(reason="resume"), "‖ waiting for resume", id="without a deadline"),
        pytest.param(
            Wait(reason="watching zone a", until=given_.at(8)),
            "‖ waiting for watching zone a until 14:08:00 (2m00s left)",
            id="a bake",
        ),
        pytest.param(
            Wait(
                reason="approval of batch 2",
                until=given_.at(5),
                on_deadline=OnDeadline.CONTINUE,
                is_approval=True,
            ),
            "‖ waiting for approval of batch 2: approve by 14:05:00 else CONTINUE (overdue)",
            id="a deadline that has passed",
        ),
    ],
)
def test_a_wait_names_its_deadline_and_default(wait: Wait, sentence: str) -> None:
    assert sentence in _last_lines(given_.info(wait=wait))


def test_names_with_markup_are_shown_as_they_are() -> None:
    info = given_.info(
        deployment_group_name="prod",
        revision_label="[red]v2[/red]",
        failures=(
            given_.failure("web-[bold]2", message="it [blink]broke", last_output="\x1b[2Jgone"),
        ),
    )

    shown = plain(deployment_view(info, given_.canvas()))

    assert "v1 → [red]v2[/red]" in shown
    assert "web-[bold]2" in shown
    assert 'last output: "gone"' in shown


def test_many_failures_are_grouped() -> None:
    failures = tuple(given_.failure(f"web-{number}") for number in range(1, 9))
    info = given_.info(failures=failures, failure_groups=group_failures(failures))

    shown = plain(deployment_view(info, given_.canvas()))

    assert '✖ 8 hosts: "port 8080 in use" in ValidateService' in shown
    assert "web-3" not in shown


def test_interventions_and_what_was_left_behind_are_shown() -> None:
    info = given_.info(
        interventions=(
            Intervention(time=given_.at(3), verb="stop", reason="bad logs", outcome="Stopping."),
        ),
        undo_problems=("web-1 still runs v2",),
        rollback_info=RollbackInfo(rollback_message="Nothing to roll back to."),
        status=DeploymentStatus.STOPPED,
    )

    shown = plain(deployment_view(info, given_.canvas()))

    assert '14:03:00 stop "bad logs": Stopping.' in shown
    assert "! left behind: web-1 still runs v2" in shown
    assert "Nothing to roll back to." in shown


def test_a_deployment_names_those_that_brought_instances_up_to_date_after_it() -> None:
    related = RelatedDeployments(
        auto_update_outdated_instances_deployment_ids=(given_.ROLLBACK_ID,)
    )

    view = plain(deployment_view(given_.info(related_deployments=related), given_.canvas()))

    assert f"update of outdated instances: {given_.ROLLBACK_ID}\n" in view


def test_a_deployment_that_has_just_been_created_is_shown() -> None:
    created = DeploymentInfo(
        deployment_id=given_.ID, application_name="shop", deployment_group_name="prod"
    )

    assert plain(deployment_view(created, given_.canvas())) == (
        "shop/prod   (revision not yet pinned)   · created   d-AAAAAAAAA\n"
        "\n"
        "next: rollway pause|stop|rollback d-AAAAAAAAA\n"
    )


def test_the_estimate_counts_batches_that_run_at_once() -> None:
    info = given_.info(
        batches=(
            given_.batch(1, 0, 4, succeeded=1),
            given_.batch(2, 4, in_progress=1),
            given_.batch(3, 5, in_progress=1),
        ),
        planned_batches=7,
    )

    assert time_left(info, given_.canvas(6)) == timedelta(minutes=4 * 2 + 3)


@pytest.mark.parametrize(
    "info",
    [
        pytest.param(given_.info(), id="before the first batch has ended"),
        pytest.param(given_.waiting(), id="while it waits"),
        pytest.param(given_.running().model_copy(update={"is_paused": True}), id="while paused"),
        pytest.param(given_.succeeded(), id="when it has ended"),
    ],
)
def test_no_estimate_is_made_up(info: DeploymentInfo) -> None:
    assert time_left(info, given_.canvas()) is None


def _done(number: int, **counts: int) -> BatchSummary:
    return BatchSummary(
        number=number,
        status=BatchStatus.DONE,
        overview=DeploymentOverview(**(counts or {"succeeded": 50})),
        start_time=given_.at(number),
        end_time=given_.at(number + 1),
    )


def test_batches_that_went_well_fold_so_that_the_view_fits_the_screen() -> None:
    batches = (_done(1), _done(2, succeeded=49, failed=1), *(_done(n) for n in range(3, 40)))
    info = given_.info(batches=batches, planned_batches=39)

    assert plain(batch_lines(info, given_.canvas(height=18))) == (
        "   BATCH       HOSTS  STATE                   TIME\n"
        "✔  35 earlier  1,750  done\n"
        "✖  2           50     49 succeeded, 1 failed  1m00s\n"
        "✔  37          50     done                    1m00s\n"
        "✔  38          50     done                    1m00s\n"
        "✔  39          50     done                    1m00s\n"
    )


def test_a_view_of_two_hundred_failed_batches_still_fits() -> None:
    batches = tuple(_done(n, failed=50) for n in range(1, 201))
    info = given_.info(batches=batches, planned_batches=200)

    assert len(batch_lines(info, given_.canvas(height=24))) == 1 + 10


@pytest.mark.parametrize(
    ("encoding", "sign"),
    [
        ("utf-8", "✔"),
        ("UTF8", "✔"),
        ("ascii", "+"),
        ("latin-1", "+"),
        ("nonsense", "+"),
        (None, "+"),
    ],
)
def test_glyphs_fit_the_encoding(encoding: str | None, sign: str) -> None:
    assert glyphs_for(encoding).succeeded == sign


def test_times_of_another_day_carry_their_date() -> None:
    assert given_.canvas(60 * 24).clock(given_.START) == "2026-03-01 14:00"


def test_an_error_of_a_deployment_without_failures_is_shown() -> None:
    info = given_.info(
        status=DeploymentStatus.FAILED,
        error_information=ErrorInformation(code="NO_INSTANCES", message="None matches."),
    )

    assert "NO_INSTANCES: None matches." in plain(deployment_view(info, given_.canvas()))
