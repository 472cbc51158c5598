"""ECS deployments that do not end well, at every point: everything is as it was."""

from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.deployment import InterventionRequest
from codedeploy.lifecycle import ECS_HOOKS
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.traffic_scenario import BAD, CANARY, REMEMBERING, EcsScenario


@pytest.fixture
def web(temporal: Client, control_plane: Path, aws: Emulator) -> EcsScenario:
    return EcsScenario(temporal, aws).of(Plan(desired_count=1, broken=(2,), versions=3))


@pytest.mark.parametrize("event", ECS_HOOKS)
async def test_a_hook_that_fails_leaves_everything_as_it_was(
    web: EcsScenario, aws: Emulator, event: str
) -> None:
    publish(aws, "check", BAD)
    before = snapshot(aws)

    deployment = await web.asking(event, "check").deploy(3)

    assert deployment.status == "Failed"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "HOOK_EXECUTION_FAILURE"
    assert deployment.undo_problems == ()
    assert difference(before, snapshot(aws)) == []


async def test_a_stop_while_new_tasks_never_run_leaves_everything_as_it_was(
    web: EcsScenario, aws: Emulator
) -> None:
    before = snapshot(aws)
    await web.start(2)
    await web.until(lambda info: len(info.task_sets_info) == 2)

    deployment = await web.stop()

    assert deployment.status == "Stopped"
    assert difference(before, snapshot(aws)) == []


async def test_a_stop_in_the_middle_of_a_canary_leaves_everything_as_it_was(
    web: EcsScenario, aws: Emulator
) -> None:
    before = snapshot(aws)
    await web.start(3, config=CANARY)
    await web.until_at(10)

    deployment = await web.stop()

    assert deployment.status == "Stopped"
    assert difference(before, snapshot(aws)) == []
    assert deployment.deployment_status_messages == (
        f"All production traffic goes to {web.site.blue.name} again.",
        "The test listener was put back.",
        "The replacement task set was deleted.",
        f"The production listener forwards to {web.site.blue.name} alone again.",
    )


async def test_a_rule_that_somebody_deletes_meanwhile_keeps_nothing_from_being_put_back(
    web: EcsScenario, aws: Emulator
) -> None:
    before, elb = snapshot(aws), aws.client("elbv2")
    (rule,) = elb.create_rule(
        ListenerArn=web.site.production_listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/old/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": web.site.blue.arn}],
    )["Rules"]
    await web.start(3, config=CANARY)
    await web.until_at(10)
    elb.delete_rule(RuleArn=rule["RuleArn"])

    deployment = await web.stop()

    assert difference(before, snapshot(aws)) == []
    (told,) = deployment.undo_problems
    assert rule["RuleArn"] in told


async def test_a_stop_while_test_traffic_is_judged_leaves_everything_as_it_was(
    web: EcsScenario, aws: Emulator
) -> None:
    web.remembering("AfterAllowTestTraffic", "check", source=REMEMBERING)
    before = snapshot(aws)
    await web.start(3)
    await web.until(
        lambda info: info.wait is not None and "the verdict of check" in info.wait.reason
    )

    deployment = await web.stop()

    assert deployment.status == "Stopped"
    assert difference(before, snapshot(aws)) == []


async def test_a_stop_while_it_is_ready_leaves_everything_as_it_was(
    web: EcsScenario, aws: Emulator
) -> None:
    ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}
    web.with_settings(blueGreenDeploymentConfiguration={"deploymentReadyOption": ready})
    before = snapshot(aws)
    await web.start(3)
    await web.until(lambda info: info.status == "Ready")

    deployment = await web.stop()

    assert deployment.status == "Stopped"
    assert difference(before, snapshot(aws)) == []


async def test_a_network_load_balancer_does_again_what_it_did(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    plan = Plan(balancer="network", has_test_listener=True, desired_count=1, versions=2)
    tcp = EcsScenario(temporal, aws).of(plan)
    publish(aws, "check", BAD)
    before = snapshot(aws)

    deployment = await tcp.asking("AfterAllowTraffic", "check").deploy(2)

    assert deployment.status == "Failed"
    assert deployment.undo_problems == ()
    assert difference(before, snapshot(aws)) == []


async def test_a_second_stop_does_not_stop_the_undo(web: EcsScenario, aws: Emulator) -> None:
    before = snapshot(aws)
    await web.start(3, config=CANARY)
    await web.until_at(10)

    await web.rollway.intervene(web.last_id, "stop", InterventionRequest())
    await web.temporal.get_workflow_handle(web.last_id).cancel()
    deployment = await web.ended(web.last_id)

    assert deployment.status == "Stopped"
    assert difference(before, snapshot(aws)) == []
