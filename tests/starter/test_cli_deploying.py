import json
from pathlib import Path

import pytest

from codedeploy.deployment_group import TagFilter, TagFilterType
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import DeploymentLimitExceeded, PlanNoLongerHolds
from codedeploy.hook import HookReport
from codedeploy.revision import AppSpecContent
from codedeploy.target_instances import TargetInstances
from starter.commands.deploying import deploy_command
from starter.deployments import WayBack
from tests.starter import deployments as given_
from tests.starter.fake_rollway import FakeRollway, rollway


def _request(fake: FakeRollway) -> DeploymentRequest:
    return next(asked for asked in fake.asked if isinstance(asked, DeploymentRequest))


def test_without_a_terminal_deploy_prints_the_id_alone() -> None:
    result = rollway(FakeRollway(), "deploy", "shop/prod")

    assert (result.exit_code, result.stdout) == (0, "d-AAAAAAAAA\n")
    assert "rollway status d-AAAAAAAAA --watch" in result.stderr


def test_deploy_as_json_prints_the_id_in_a_document() -> None:
    result = rollway(FakeRollway(), "deploy", "shop/prod", "-o", "json")

    assert json.loads(result.stdout) == {"deploymentId": "d-AAAAAAAAA"}


def test_a_watched_deploy_exits_with_the_deployments_verdict() -> None:
    fake = FakeRollway(looks=[given_.running(), given_.failed()])

    assert rollway(fake, "deploy", "shop/prod", "--watch").exit_code == 1


def test_every_option_reaches_the_request() -> None:
    fake = FakeRollway()

    rollway(
        fake,
        *("deploy", "shop/prod", "--revision", "v2", "--config", "CodeDeployDefault.AllAtOnce"),
        *("--description", "hotfix", "--plan-id", "p-1", "--idempotency-key", "k-1"),
        *("--ignore-application-stop-failures", "--file-exists-behavior", "overwrite"),
        *("--auto-rollback", "--ignore-alarms"),
        *("--suspend-process", "Terminate", "--suspend-process", "AZRebalance"),
    )

    request = _request(fake)
    assert request.model_dump(mode="json", by_alias=True, exclude={"revision"}) == {
        "applicationName": "shop",
        "deploymentGroupName": "prod",
        "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
        "description": "hotfix",
        "ignoreApplicationStopFailures": True,
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        "updateOutdatedInstancesOnly": False,
        "fileExistsBehavior": "OVERWRITE",
        "overrideAlarmConfiguration": {
            "enabled": False,
            "ignorePollAlarmFailure": False,
            "alarms": [],
        },
        "approvals": None,
        "idempotencyKey": "k-1",
        "planId": "p-1",
        "takesCurrentAsFound": False,
        "targetInstances": None,
        "ec2DeploymentOptions": {
            "autoScalingGroupProcessesToSuspend": ["Terminate", "AZRebalance"]
        },
    }
    assert request.revision is not None


@pytest.mark.parametrize(
    ("flags", "enabled"), [([], None), (["--auto-rollback"], True), (["--no-auto-rollback"], False)]
)
def test_rollback_follows_the_group_unless_told_otherwise(
    flags: list[str], enabled: bool | None
) -> None:
    fake = FakeRollway()

    rollway(fake, "deploy", "shop/prod", *flags)

    configuration = _request(fake).auto_rollback_configuration
    assert (configuration and configuration.enabled) is enabled


def test_a_directory_is_deployed_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "v3").mkdir()
    monkeypatch.chdir(tmp_path)
    fake = FakeRollway()

    rollway(fake, "deploy", "shop/prod", "-r", "v3")

    revision = _request(fake).revision
    assert revision is not None
    assert revision.local_location is not None
    assert revision.local_location.location == str(tmp_path / "v3")


def test_an_unknown_label_is_an_error_of_input() -> None:
    result = rollway(FakeRollway(), "deploy", "shop/prod", "-r", "v9")

    assert result.exit_code == 2
    assert result.stderr == "error: shop has no revision 'v9'.\n"


def test_a_description_that_is_too_long_names_its_option() -> None:
    result = rollway(FakeRollway(), "deploy", "shop/prod", "--description", "x" * 300)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: --description: ")


@pytest.mark.parametrize("refusal", [DeploymentLimitExceeded("busy"), PlanNoLongerHolds("changed")])
def test_a_refused_deployment_exits_1(refusal: Exception) -> None:
    fake = FakeRollway(refusal=refusal)  # type: ignore[arg-type]

    assert rollway(fake, "deploy", "shop/prod").exit_code == 1


def test_a_plan_ends_with_the_command_that_deploys_it() -> None:
    result = rollway(FakeRollway(), "plan", "shop/prod", "--revision", "v2")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        "Deploy exactly this: rollway deploy shop/prod --revision v2 --plan-id p-1"
    )


def test_a_command_to_type_is_quoted_for_the_shell() -> None:
    command = deploy_command(
        "shop/prod", [("--revision", "my release"), ("--config", None), ("--plan-id", "p-1")]
    )

    assert command == "rollway deploy shop/prod --revision 'my release' --plan-id p-1"


def test_a_plan_as_json_is_the_wire_document() -> None:
    found = json.loads(rollway(FakeRollway(), "plan", "shop/prod", "-o", "json").stdout)

    assert (found["planId"], found["minimumHealthy"]) == ("p-1", 3)
    assert found["waves"][0]["targets"] == ["web-1"]


def test_rollback_of_a_group_deploys_the_named_revision() -> None:
    fake = FakeRollway()

    result = rollway(fake, "rollback", "shop/prod", "--to", "v1")

    assert fake.asked[-1] == ("rollback", "shop", "prod", WayBack(to="v1"))
    assert result.stdout == "d-AAAAAAAAA\n"


def test_a_group_goes_back_although_its_alarms_fire() -> None:
    fake = FakeRollway()

    rollway(fake, "rollback", "shop/prod", "--ignore-alarms")

    assert fake.asked[-1] == ("rollback", "shop", "prod", WayBack(ignores_alarms=True))


@pytest.mark.parametrize("command", ["plan", "deploy", "rollback"])
def test_the_replacement_is_named_by_tags_and_auto_scaling_groups(command: str) -> None:
    fake = FakeRollway()
    typed = ("--target-tag", "fleet=green", "--target-tag", "spare")

    rollway(fake, command, "shop/prod", *typed, "--target-auto-scaling-group", "web")

    *_, asked = fake.asked[-1] if command == "rollback" else (fake.asked[-1],)
    assert asked.target_instances == TargetInstances(
        tag_filters=(
            TagFilter(key="fleet", value="green"),
            TagFilter(key="spare", type=TagFilterType.KEY_ONLY),
        ),
        auto_scaling_groups=("web",),
    )


def test_a_target_tag_without_a_key_is_an_error_of_input() -> None:
    result = rollway(FakeRollway(), "plan", "shop/prod", "--target-tag", "=green")

    assert result.exit_code == 2
    assert "--target-tag: expected KEY=VALUE" in result.stderr


def test_the_command_that_deploys_a_plan_names_the_replacement_again() -> None:
    result = rollway(FakeRollway(), "plan", "shop/prod", "--target-tag", "fleet=green")

    assert result.stdout.splitlines()[-1] == (
        "Deploy exactly this: rollway deploy shop/prod --target-tag fleet=green --plan-id p-1"
    )


def test_rollback_of_a_running_deployment_tells_it() -> None:
    fake = FakeRollway()

    result = rollway(fake, "rollback", given_.ID, "--reason", "bad logs")

    assert fake.asked[-1] == ("rollback", given_.ID, "bad logs", None)
    assert result.stdout == "rollback: understood.\n"


def test_a_watched_rollback_exits_with_the_verdict_of_the_way_back() -> None:
    fake = FakeRollway(looks=[given_.failed(), given_.rollback()])

    assert rollway(fake, "rollback", given_.ID, "--watch").exit_code == 0


@pytest.mark.parametrize(
    "options",
    [["--to", "v1"], ["--ignore-alarms"], ["--target-tag", "fleet=green"]],
    ids=["to", "alarms", "replacement"],
)
def test_a_running_deployment_goes_back_without_options_of_a_group(options: list[str]) -> None:
    result = rollway(FakeRollway(), "rollback", given_.ID, *options)

    assert result.exit_code == 2
    assert "--to, --ignore-alarms and --target-... are for a group" in result.stderr


def test_without_the_option_the_alarms_are_those_of_the_group() -> None:
    fake = FakeRollway()

    rollway(fake, "deploy", "shop/prod")

    assert _request(fake).override_alarm_configuration is None


def test_an_appspec_file_is_deployed_by_its_text(tmp_path: Path) -> None:
    (tmp_path / "appspec.yml").write_text("version: 0.0\n")
    fake = FakeRollway()

    rollway(fake, "deploy", "checkout/live", "-r", str(tmp_path / "appspec.yml"))

    revision = _request(fake).revision
    assert revision is not None
    assert revision.app_spec_content == AppSpecContent(
        content="version: 0.0\n", label="appspec.yml"
    )


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["stop"], ("stop", given_.ID, "", None)),
        (["stop", "--rollback"], ("stop", given_.ID, "", True)),
        (["stop", "--no-rollback", "--reason", "x"], ("stop", given_.ID, "x", False)),
        (["pause"], ("pause", given_.ID, "", None)),
        (["resume"], ("resume", given_.ID, "", None)),
        (["approve", "--reason", "fine"], ("approve", given_.ID, "fine", None)),
        (["reject"], ("reject", given_.ID, "", None)),
        (["continue", "--reason", "looks good"], ("continue", given_.ID, "looks good")),
    ],
)
def test_an_intervention_is_passed_on_and_its_answer_printed(
    arguments: list[str], asked: tuple[object, ...]
) -> None:
    fake = FakeRollway()

    result = rollway(fake, *arguments, given_.ID)

    assert fake.asked[-1] == asked
    assert result.stdout == f"{asked[0]}: understood.\n"


@pytest.mark.parametrize("typed", ["Failed", "failed"])
def test_the_verdict_of_a_hook_is_passed_on_in_any_case(typed: str) -> None:
    fake = FakeRollway()

    result = rollway(fake, "hook-status", given_.ID, "e-1", typed)

    report = HookReport(lifecycle_event_hook_execution_id="e-1", status="Failed")
    assert fake.asked[-1] == ("hook-status", given_.ID, report)
    assert result.stdout == "e-1: Failed.\n"


def test_a_hook_has_two_verdicts() -> None:
    fake = FakeRollway()

    result = rollway(fake, "hook-status", given_.ID, "e-1", "Unknown")

    assert (result.exit_code, fake.asked) == (2, [])
    assert "'Unknown' is not one of 'succeeded', 'failed'" in result.stderr


def test_a_bundles_appspec_may_have_another_name() -> None:
    fake = FakeRollway()

    rollway(fake, "deploy", "shop/prod", "--revision", "v2", "--appspec-filename", "shop.yml")

    revision = _request(fake).revision
    assert revision is not None
    assert revision.appspec_filename == "shop.yml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--revision", "v2", "--appspec-filename", "../a.yml"], "'../a.yml' is no file name"),
        (["--appspec-filename", "a.yml"], "--appspec-filename is for a revision"),
    ],
)
def test_an_appspec_name_that_makes_no_sense_is_refused(arguments: list[str], said: str) -> None:
    result = rollway(FakeRollway(), "deploy", "shop/prod", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_plan_prints_the_appspecs_name_too() -> None:
    result = rollway(
        FakeRollway(), "plan", "shop/prod", "--revision", "v2", "--appspec-filename", "shop.yml"
    )

    assert "--revision v2 --appspec-filename shop.yml --plan-id p-1" in result.stdout
