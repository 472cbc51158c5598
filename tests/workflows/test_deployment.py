"""Deployments to servers on the real Temporal server, with simulated hosts."""

from codedeploy.lifecycle import IN_PLACE
from tests.scenario import Scenario

ALL_EVENTS = [event.value for event in IN_PLACE]


async def test_runs_every_event_on_every_host_in_order(fleet: Scenario) -> None:
    await fleet.of("a", "b", "c")

    deployment = await fleet.deploy("v1")

    assert deployment.status == "Succeeded"
    assert deployment.deployment_overview.succeeded == 3
    assert [fleet.path(host) for host in "abc"] == [ALL_EVENTS] * 3


async def test_rolls_back_only_what_was_touched_when_validation_fails_on_the_second_host(
    fleet: Scenario,
) -> None:
    await fleet.of("a", "b", "c")
    await fleet.running("v1")
    fleet.failing("b", at="ValidateService", with_revision="v2")

    deployment = await fleet.deploy("v2", config="OneAtATime")

    rollback = deployment.rollback_info.rollback_deployment_id
    assert deployment.status == "Failed"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "HEALTH_CONSTRAINTS"
    assert "port 8080 in use" in deployment.error_information.message
    assert rollback is not None
    assert fleet.untouched == ["c"]
    assert fleet.deployments_on("a") == [deployment.deployment_id, rollback]
    assert fleet.path("b") == [*ALL_EVENTS, *ALL_EVENTS]
    assert (await fleet.rollway.deployment(rollback)).status == "Succeeded"
