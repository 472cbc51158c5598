"""The group is the lock: what becomes of a second request."""

import asyncio

import pytest
from temporalio.client import Client

from codedeploy.errors import DeploymentConfigDoesNotExist, DeploymentLimitExceeded
from tests.scenario import Scenario


async def _busy(fleet: Scenario, **settings: str) -> str:
    await fleet.of("a")
    fleet.with_settings(**settings)
    await fleet.running("v1")
    fleet.holding("a", at="Install")
    deployment_id = await fleet.start("v2")
    await fleet.hosts["a"].is_held.wait()
    return deployment_id


async def test_a_second_deployment_is_refused_and_the_first_one_named(fleet: Scenario) -> None:
    active = await _busy(fleet)

    with pytest.raises(DeploymentLimitExceeded, match=active):
        await fleet.start("v3")


async def test_a_queued_deployment_runs_when_the_first_has_ended(fleet: Scenario) -> None:
    active = await _busy(fleet, queuePolicy="QUEUE")

    queued = await fleet.start("v3")
    waiting = await fleet.until(lambda info: info.status == "Queued" and info.wait is not None)
    assert fleet.hosts["a"].holding is not None
    fleet.hosts["a"].holding.set()
    await fleet.ended(active)
    deployment = await fleet.ended(queued)

    assert waiting.wait is not None
    assert waiting.wait.reason == f"its turn behind {active}"
    assert deployment.status == "Succeeded"
    assert deployment.previous_revision_label == "v2"
    assert fleet.deployments_on("a") == [active, queued]


async def test_a_newer_deployment_supersedes_the_running_one(fleet: Scenario) -> None:
    active = await _busy(fleet, queuePolicy="SUPERSEDE")

    fleet.hosts["a"].held_at = ""
    newer = await fleet.start("v3")
    superseded = await fleet.ended(active)
    deployment = await fleet.ended(newer)

    assert superseded.status == "Stopped"
    assert superseded.rollback_info.rollback_deployment_id is None
    assert superseded.error_information is not None
    assert f"superseded by {newer}" in superseded.error_information.message
    assert deployment.status == "Succeeded"


async def test_the_same_idempotency_key_gives_the_same_deployment(fleet: Scenario) -> None:
    await fleet.of("a")
    fleet.holding("a", at="Install")

    first = await fleet.start("v1", idempotencyKey="build-17")
    second = await fleet.start("v1", idempotencyKey="build-17")

    assert first == second


async def test_a_deployment_terminated_from_outside_does_not_hold_the_lock(
    fleet: Scenario, temporal: Client
) -> None:
    active = await _busy(fleet)

    await temporal.get_workflow_handle(active).terminate("by hand")
    fleet.hosts["a"].held_at = ""
    while (await fleet.rollway.group(fleet.application, "web")).active is not None:
        await asyncio.sleep(0.05)
    deployment = await fleet.deploy("v3")

    assert deployment.status == "Succeeded"


async def test_an_unknown_configuration_is_refused_before_a_deployment_exists(
    fleet: Scenario,
) -> None:
    await fleet.of("a")

    with pytest.raises(DeploymentConfigDoesNotExist, match="custom-none"):
        await fleet.start("v1", config="custom-none")

    assert (await fleet.rollway.group(fleet.application, "web")).history == ()
