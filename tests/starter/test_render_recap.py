from codedeploy.deployment import DeploymentOverview
from codedeploy.failures import group_failures
from codedeploy.target import TargetResult, TargetStatus
from starter.render.lines import plain
from starter.render.recap import Ended, recap
from tests.starter import deployments as given_

ROLLED_BACK = """\
RECAP
✖ failed in 5m00s   d-AAAAAAAAA   v1 → v2   1 succeeded, 1 failed, 3 not deployed to
  HEALTH_CONSTRAINTS: 1 of 5 instances failed.
✔ succeeded in 30s   d-BBBBBBBBB   v2 → v1   rollback   2 succeeded

HOST   d-AAAAAAAAA v2               d-BBBBBBBBB v1
web-1  ✔ succeeded                  ✔ succeeded
web-2  ✖ failed at ValidateService  ✔ succeeded
web-3  · not touched

✖ web-2  ValidateService check.sh  ScriptFailed
    check.sh (ValidateService) exited 1 after 4 s.
    last output: "port 8080 in use"

whole output: rollway logs d-AAAAAAAAA web-2 ValidateService
"""


def test_every_host_has_a_line_and_every_deployment_a_column() -> None:
    sections = [
        Ended(given_.failed(), given_.targets_of_failed()),
        Ended(given_.rollback(), given_.targets_of_rollback()),
    ]

    assert plain(recap(sections, given_.canvas())) == ROLLED_BACK


def test_a_success_needs_no_next_step() -> None:
    hosts = (TargetResult(target_id="web-1", status=TargetStatus.SUCCEEDED, is_touched=True),)

    assert plain(recap([Ended(given_.succeeded(), hosts)], given_.canvas())) == (
        "RECAP\n"
        "✔ succeeded in 5m00s   d-AAAAAAAAA   v1 → v2   5 succeeded\n"
        "\n"
        "HOST   d-AAAAAAAAA v2\n"
        "web-1  ✔ succeeded\n"
    )


def test_a_large_fleet_is_counted_and_its_failures_grouped_largest_first() -> None:
    failures = (
        *(given_.failure(f"db-{n}", last_output="disk full") for n in range(1, 3)),
        *(given_.failure(f"web-{n}") for n in range(1, 9)),
    )
    info = given_.failed().model_copy(
        update={
            "fleet_size": 1000,
            "deployment_overview": DeploymentOverview(succeeded=1200, failed=10),
            "failures": failures,
            "failure_groups": group_failures(failures),
            "error_information": None,
        }
    )

    assert plain(recap([Ended(info)], given_.canvas())) == (
        "RECAP\n"
        "✖ failed in 5m00s   d-AAAAAAAAA   v1 → v2   1,200 succeeded, 10 failed\n"
        "\n"
        '✖ 8 hosts: "port 8080 in use" in ValidateService'
        "  web-1, web-2, web-3, web-4, web-5 and 3 more\n"
        '✖ 2 hosts: "disk full" in ValidateService  db-1, db-2\n'
        "\n"
        "whole output: rollway logs d-AAAAAAAAA db-1 ValidateService\n"
    )


def test_a_host_that_was_left_half_done_is_not_called_untouched() -> None:
    half = (TargetResult(target_id="web-1", status=TargetStatus.SKIPPED, is_touched=True),)

    assert "web-1  · half done" in plain(recap([Ended(given_.succeeded(), half)], given_.canvas()))


def test_the_recap_tells_a_failure_in_full() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    info = given_.failed().model_copy(update={"failures": (given_.failure(message=words),)})

    shown = plain(recap([Ended(info)], given_.canvas(width=60)))

    assert " ".join(shown.split()).count(words) == 1
