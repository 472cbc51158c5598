"""Approval gates: a deployment waits for a person, with a deadline and a default answer."""

from codedeploy.deployment import DeploymentInfo, InterventionRequest
from tests.scenario import Scenario

AFTER_FIRST = [{"at": "AFTER_FIRST_BATCH", "deadlineMinutes": 30, "onDeadline": "ROLLBACK"}]
EVERY = [{"at": "BEFORE_EVERY_BATCH", "deadlineMinutes": 30, "onDeadline": "CONTINUE"}]
NOTHING = InterventionRequest()


def _waits(info: DeploymentInfo) -> bool:
    return info.wait is not None and info.wait.is_approval


async def test_a_gate_after_the_first_batch_holds_the_rest_and_shows_its_deadline(
    fleet: Scenario,
) -> None:
    await fleet.of("a", "b", "c")
    await fleet.running("v1")
    fleet.with_settings(approvals=AFTER_FIRST)

    await fleet.start("v2")
    waiting = await fleet.until(_waits)

    assert waiting.wait is not None
    assert waiting.wait.until is not None
    assert waiting.wait.on_deadline == "ROLLBACK"
    assert fleet.untouched == ["b", "c"]


async def test_an_approval_lets_the_deployment_finish_without_asking_again(
    fleet: Scenario,
) -> None:
    await fleet.of("a", "b", "c")
    fleet.with_settings(approvals=AFTER_FIRST)
    deployment_id = await fleet.start("v1")
    await fleet.until(_waits)

    await fleet.rollway.intervene(deployment_id, "approve", InterventionRequest(by="mara"))
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Succeeded"
    assert [(one.verb, one.reason) for one in deployment.interventions] == [("approve", "by mara")]


async def test_a_rejection_rolls_the_first_batch_back(fleet: Scenario) -> None:
    await fleet.of("a", "b", "c")
    await fleet.running("v1")
    fleet.with_settings(approvals=AFTER_FIRST)
    deployment_id = await fleet.start("v2")
    await fleet.until(_waits)

    await fleet.rollway.intervene(deployment_id, "reject", InterventionRequest(reason="too slow"))
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert deployment.rollback_info.rollback_deployment_id in fleet.deployments_on("a")
    assert fleet.untouched == ["b", "c"]


async def test_a_gate_before_every_batch_asks_each_time(fleet: Scenario) -> None:
    await fleet.of("a", "b")
    deployment_id = await fleet.start("v1", approvals=EVERY)

    asked = []
    for _ in "ab":
        waiting = await fleet.until(lambda info: _waits(info) and _reason(info) not in asked)
        asked.append(_reason(waiting))
        await fleet.rollway.intervene(deployment_id, "approve", NOTHING)
    deployment = await fleet.ended(deployment_id)

    assert asked == ["approval of batch 1", "approval of batch 2"]
    assert deployment.status == "Succeeded"


def _reason(info: DeploymentInfo) -> str:
    return info.wait.reason if info.wait else ""
