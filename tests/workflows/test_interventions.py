"""What people tell a running deployment: by update, by signal, by the Web UI's buttons."""

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from codedeploy.deployment import InterventionRequest
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentDoesNotExist,
    DeploymentIsNotInReadyState,
    InvalidDeploymentId,
    Refused,
)
from tests.scenario import Scenario

NOTHING = InterventionRequest()


async def _held_on_first_host(fleet: Scenario, at: str = "ApplicationStart") -> str:
    await fleet.of("a", "b", "c")
    await fleet.running("v1")
    fleet.holding("a", at=at)
    deployment_id = await fleet.start("v2")
    await fleet.hosts["a"].is_held.wait()
    return deployment_id


async def test_a_stop_ends_the_running_script_and_leaves_the_rest_untouched(
    fleet: Scenario,
) -> None:
    deployment_id = await _held_on_first_host(fleet)

    await fleet.rollway.intervene(
        deployment_id, "stop", InterventionRequest(reason="wrong branch", rollback=False)
    )
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "MANUAL_STOP"
    assert "wrong branch" in deployment.error_information.message
    assert deployment.deployment_overview.skipped == 2
    assert fleet.untouched == ["b", "c"]


async def test_a_stop_with_rollback_takes_the_touched_host_back(fleet: Scenario) -> None:
    deployment_id = await _held_on_first_host(fleet)

    fleet.hosts["a"].held_at = ""
    await fleet.rollway.intervene(deployment_id, "stop", InterventionRequest(rollback=True))
    deployment = await fleet.ended(deployment_id)

    rollback = deployment.rollback_info.rollback_deployment_id
    assert rollback is not None
    assert (await fleet.rollway.deployment(rollback)).status == "Succeeded"
    assert fleet.deployments_on("a") == [deployment_id, rollback]
    assert fleet.untouched == ["b", "c"]


async def test_a_stopped_deployment_shows_as_cancelled_in_the_web_ui(
    fleet: Scenario, temporal: Client
) -> None:
    deployment_id = await _held_on_first_host(fleet)

    fleet.hosts["a"].held_at = ""
    await temporal.get_workflow_handle(deployment_id).signal("stop")
    await fleet.ended(deployment_id)

    described = await temporal.get_workflow_handle(deployment_id).describe()
    assert described.status is WorkflowExecutionStatus.CANCELED


async def test_the_web_uis_request_cancellation_is_a_stop(
    fleet: Scenario, temporal: Client
) -> None:
    deployment_id = await _held_on_first_host(fleet)

    fleet.hosts["a"].held_at = ""
    await temporal.get_workflow_handle(deployment_id).cancel()
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert fleet.untouched == ["b", "c"]


async def test_a_failed_deployment_shows_as_failed_with_codedeploys_code(
    fleet: Scenario, temporal: Client
) -> None:
    await fleet.of("a")
    fleet.failing("a", at="Install", with_revision="v1")

    deployment = await fleet.deploy("v1")

    described = await temporal.get_workflow_handle(deployment.deployment_id).describe()
    assert described.status is WorkflowExecutionStatus.FAILED
    assert deployment.rollback_info.rollback_message is not None
    assert "no earlier deployment" in deployment.rollback_info.rollback_message


async def test_a_pause_lets_the_batch_finish_and_holds_the_next(fleet: Scenario) -> None:
    deployment_id = await _held_on_first_host(fleet)

    await fleet.rollway.intervene(deployment_id, "pause", NOTHING)
    assert fleet.hosts["a"].holding is not None
    fleet.hosts["a"].holding.set()
    paused = await fleet.until(lambda info: info.wait is not None)

    assert paused.wait is not None
    assert paused.wait.reason == "resume"
    assert paused.deployment_overview.succeeded == 1
    assert fleet.untouched == ["b", "c"]


async def test_resuming_goes_on_where_the_pause_held(fleet: Scenario) -> None:
    deployment_id = await _held_on_first_host(fleet)
    await fleet.rollway.intervene(deployment_id, "pause", NOTHING)
    assert fleet.hosts["a"].holding is not None
    fleet.hosts["a"].holding.set()
    await fleet.until(lambda info: info.wait is not None)

    await fleet.rollway.intervene(deployment_id, "resume", NOTHING)
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Succeeded"
    assert fleet.untouched == []


async def test_a_signal_that_makes_no_sense_is_recorded_and_not_fatal(
    fleet: Scenario, temporal: Client
) -> None:
    deployment_id = await _held_on_first_host(fleet)
    handle = temporal.get_workflow_handle(deployment_id)

    await handle.signal("approve", {"reason": "looks fine"})
    await handle.signal("resume", "not an object")
    info = await fleet.until(lambda info: len(info.interventions) == 2)

    assert info.interventions[0].outcome.startswith("ignored: ")
    assert "waits for no approval" in info.interventions[0].outcome
    assert "one JSON object" in info.interventions[1].outcome


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_an_update_refuses_an_answer_nobody_waits_for(fleet: Scenario, verb: str) -> None:
    deployment_id = await _held_on_first_host(fleet)

    with pytest.raises(DeploymentIsNotInReadyState, match="waits for no approval"):
        await fleet.rollway.intervene(deployment_id, verb, NOTHING)


async def test_resuming_what_is_not_paused_is_refused(fleet: Scenario) -> None:
    deployment_id = await _held_on_first_host(fleet)

    with pytest.raises(Refused, match="is not paused"):
        await fleet.rollway.intervene(deployment_id, "resume", NOTHING)


async def test_stopping_what_has_ended_is_refused_with_the_way_back(fleet: Scenario) -> None:
    await fleet.of("a")
    deployment = await fleet.deploy("v1")

    with pytest.raises(DeploymentAlreadyCompleted, match="rollway rollback"):
        await fleet.rollway.intervene(deployment.deployment_id, "stop", NOTHING)


async def test_an_unknown_id_is_named(fleet: Scenario) -> None:
    with pytest.raises(DeploymentDoesNotExist, match="d-ABCDEFGHI"):
        await fleet.rollway.intervene("d-ABCDEFGHI", "stop", NOTHING)


async def test_a_malformed_id_is_refused(fleet: Scenario) -> None:
    with pytest.raises(InvalidDeploymentId, match="d- and nine"):
        await fleet.rollway.deployment("deployment-1")


async def test_the_rollback_verb_stops_and_rolls_back(fleet: Scenario) -> None:
    deployment_id = await _held_on_first_host(fleet)

    fleet.hosts["a"].held_at = ""
    await fleet.rollway.intervene(deployment_id, "rollback", NOTHING)
    deployment = await fleet.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert deployment.rollback_info.rollback_deployment_id is not None


async def test_a_rollback_asked_for_during_a_stop_is_added_to_it(
    fleet: Scenario, temporal: Client
) -> None:
    deployment_id = await _held_on_first_host(fleet)
    handle = temporal.get_workflow_handle(deployment_id)
    fleet.hosts["a"].held_at = ""

    await handle.signal("stop", {"rollback": False})
    await handle.signal("rollback", {"reason": "on second thought"})
    deployment = await fleet.ended(deployment_id)

    assert deployment.rollback_info.rollback_deployment_id in fleet.deployments_on("a")
