import json
import re

import pytest

from codedeploy.deployment import DeploymentInfo, DeploymentStatus
from codedeploy.lifecycle import LifecycleEvent
from starter.commands.terminal import Terminal
from tests.starter import deployments as given_
from tests.starter.fake_rollway import FakeRollway, rollway

STOPPED = given_.succeeded(status=DeploymentStatus.STOPPED)


def rolled_back() -> FakeRollway:
    return FakeRollway(
        looks=[given_.running(), given_.failed(), given_.rollback()],
        hosts={
            given_.ID: given_.targets_of_failed(),
            given_.ROLLBACK_ID: given_.targets_of_rollback(),
        },
    )


def test_status_shows_a_deployment_once() -> None:
    result = rollway(FakeRollway(looks=[given_.failed()]), "status", given_.ID)

    assert result.exit_code == 0
    assert result.stdout.startswith("shop/prod   v1 → v2   ✖ failed   d-AAAAAAAAA\n")


def test_status_shows_every_host_if_asked() -> None:
    result = rollway(rolled_back(), "status", given_.ID, "--targets")

    assert "web-3  · skipped" in result.stdout


def test_status_as_json_is_the_wire_document() -> None:
    result = rollway(FakeRollway(looks=[given_.failed()]), "status", given_.ID, "-o", "json")

    assert DeploymentInfo.model_validate_json(result.stdout) == given_.failed()
    assert json.loads(result.stdout)["deploymentOverview"]["Failed"] == 1


def test_status_with_targets_as_json_holds_both() -> None:
    result = rollway(rolled_back(), "status", given_.ID, "--targets", "-o", "json")

    found = json.loads(result.stdout)
    assert found["deploymentInfo"]["deploymentId"] == given_.ID
    assert [target["targetId"] for target in found["targets"]] == ["web-1", "web-2", "web-3"]


def test_an_unknown_deployment_is_an_error_of_input() -> None:
    result = rollway(FakeRollway(), "status", given_.ID)

    assert result.exit_code == 2
    assert result.stderr == "error: There is no deployment d-AAAAAAAAA.\n"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        pytest.param(given_.succeeded(), 0, id="succeeded"),
        pytest.param(given_.failed(), 1, id="failed"),
        pytest.param(STOPPED, 3, id="stopped"),
    ],
)
def test_a_watch_exits_with_the_deployments_verdict(last: DeploymentInfo, code: int) -> None:
    fake = FakeRollway(looks=[given_.running(), last])

    assert rollway(fake, "status", given_.ID, "--watch").exit_code == code


def test_a_rollback_does_not_make_a_failure_good() -> None:
    assert rollway(rolled_back(), "status", given_.ID, "--watch").exit_code == 1


def test_without_a_terminal_there_is_one_plain_line_a_change_and_a_recap() -> None:
    result = rollway(rolled_back(), "status", given_.ID, "--watch")

    changes, recap = result.stdout.split("RECAP\n")
    line = re.compile(r"\d\d:\d\d:\d\d d-[AB]{9} \S.*")
    assert all(line.fullmatch(text) for text in changes.splitlines())
    assert "rollback of shop/prod v2 → v1" in changes
    assert "web-2  ✖ failed at ValidateService  ✔ succeeded" in recap


def test_without_a_terminal_no_control_character_is_printed() -> None:
    result = rollway(rolled_back(), "status", given_.ID, "--watch")

    assert "\x1b" not in result.output
    assert "\r" not in result.output


def test_a_watch_as_json_prints_one_document_at_the_end() -> None:
    result = rollway(rolled_back(), "status", given_.ID, "--watch", "-o", "json")

    found = json.loads(result.stdout)["deployments"]
    assert [one["deploymentId"] for one in found] == [given_.ID, given_.ROLLBACK_ID]
    assert "batch 1 of 5: done" in result.stderr


def test_a_watch_can_be_left_and_says_how_to_come_back() -> None:
    fake = FakeRollway(looks=[given_.running(), given_.succeeded()], is_interrupted=True)

    result = rollway(fake, "status", given_.ID, "--watch")

    assert result.exit_code == 130
    assert result.stderr == (
        "left watching; the deployment goes on. Take it up again: "
        "rollway status d-AAAAAAAAA --watch\n"
    )


def test_a_list_passes_its_filters_on() -> None:
    fake = FakeRollway(looks=[given_.failed()])

    result = rollway(fake, "list", "--group", "shop/prod", "--status", "failed", "--limit", "3")

    assert fake.asked[-1] == ("deployments", "shop/prod", DeploymentStatus.FAILED, 3)
    assert "d-AAAAAAAAA  shop/prod" in result.stdout


def test_a_list_as_json_has_one_entry_a_deployment() -> None:
    result = rollway(FakeRollway(looks=[given_.failed()]), "list", "-o", "json")

    assert json.loads(result.stdout)["deployments"][0]["status"] == "Failed"


def test_logs_print_the_whole_output_without_control_characters() -> None:
    fake = rolled_back()
    fake.log_pieces = ["start\n\x1b[3", "1mport in", " use\x1b[0m\n", "no end"]

    result = rollway(fake, "logs", given_.ID, "web-2", "validateservice")

    assert result.stdout == "start\nport in use\nno end"
    event = LifecycleEvent.VALIDATE_SERVICE
    assert fake.asked[-1] == ("log", given_.ID, "web-2", event, False, False)


def test_logs_can_be_followed_and_show_times() -> None:
    fake = rolled_back()

    rollway(fake, "logs", "-f", "--timestamps", given_.ID, "web-2")

    assert fake.asked[-1] == ("log", given_.ID, "web-2", None, True, True)


def test_logs_without_output_say_so_on_standard_error() -> None:
    result = rollway(rolled_back(), "logs", given_.ID, "web-2")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no output of any script on web-2 in d-AAAAAAAAA\n"


def test_logs_of_an_unknown_host_are_an_error_of_input() -> None:
    result = rollway(rolled_back(), "logs", given_.ID, "web-9")

    assert result.exit_code == 2
    assert "has no target 'web-9'" in result.stderr


def test_a_pipe_is_no_live_terminal() -> None:
    assert not Terminal().is_live
