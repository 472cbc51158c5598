"""Blue/green deployments of servers: who serves when, and how all of it is put back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.configs import (
    DeploymentConfig,
    MinimumHealthyHosts,
    MinimumHealthyHostsType,
)
from codedeploy.deployment import InterventionRequest
from tests.paths import ALLOW, BLOCK, INSTALL
from tests.two_fleets import TwoFleets

ONE_MUST_STAY = DeploymentConfig(
    deployment_config_name="custom.one-must-stay",
    minimum_healthy_hosts=MinimumHealthyHosts(type=MinimumHealthyHostsType.HOST_COUNT, value=1),
)
BLUE = {"blue-1", "blue-2"}
GREEN = {"green-1", "green-2"}


@pytest.fixture
async def fleets(
    temporal: Client, control_plane: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[TwoFleets]:
    async with TwoFleets(temporal, tmp_path, name=request.node.name[-40:]) as scenario:
        with await scenario.of_fleets(2, 2):
            yield scenario


async def test_the_replacement_gets_the_traffic_and_then_the_original_loses_it(
    fleets: TwoFleets,
) -> None:
    deployment = await fleets.replace("v2")

    assert deployment.status == "Succeeded", deployment.error_information
    assert fleets.serving == GREEN
    assert fleets.witness.fewest == 2
    assert fleets.path("green-1") == INSTALL + ALLOW
    assert fleets.path("blue-1") == BLOCK
    assert deployment.deployment_overview.succeeded == 2


async def test_the_group_means_the_replacement_from_then_on(fleets: TwoFleets) -> None:
    await fleets.replace("v2")

    back = await fleets.replace("v3", by="blue")

    assert back.status == "Succeeded", back.error_information
    assert fleets.serving == BLUE
    assert fleets.path("blue-1") == BLOCK + INSTALL + ALLOW


async def test_a_queued_replacement_is_of_the_fleet_that_serves_when_its_turn_comes(
    fleets: TwoFleets,
) -> None:
    fleets.with_settings(queuePolicy="QUEUE")
    hold = fleets.holding("green-1", at="Install")
    await fleets.begin("v2")
    await fleets.hosts["green-1"].is_held.wait()
    back = await fleets.begin("v3", by="blue")

    hold.set()
    deployment = await fleets.ended(back)

    assert deployment.status == "Succeeded", deployment.error_information
    assert fleets.serving == BLUE


async def test_a_replacement_that_fails_to_install_leaves_the_traffic_alone(
    fleets: TwoFleets,
) -> None:
    fleets.failing("green-1", at="ValidateService", with_revision="v2")

    deployment = await fleets.replace("v2", config="OneAtATime")

    assert deployment.status == "Failed"
    assert fleets.serving == BLUE
    assert fleets.path("blue-1") == []
    assert "keeps what was installed" in (deployment.rollback_info.rollback_message or "")


async def test_a_replacement_that_has_shrunk_below_the_floor_does_not_take_over(
    temporal: Client, control_plane: Path, tmp_path: Path
) -> None:
    async with TwoFleets(temporal, tmp_path, name="shrunk") as fleets:
        with await fleets.of_fleets(3, 3):
            fleets.with_settings(agentTimeoutSeconds=5)
            hold = fleets.holding("green-1", at="Install")
            await fleets.begin("v2", config="OneAtATime")
            await fleets.hosts["green-1"].is_held.wait()
            await fleets.depart("green-2")
            await fleets.depart("green-3")

            hold.set()
            deployment = await fleets.ended(fleets.last_id)

            assert deployment.status == "Failed"
            assert fleets.serving == {"blue-1", "blue-2", "blue-3"}
            assert deployment.error_information is not None
            assert deployment.error_information.message == (
                "2 of 3 instances left the fleet meanwhile, and at least 2 must stay healthy."
            )
            assert deployment.deployment_overview.skipped == 2


async def test_an_instance_that_fails_with_traffic_loses_it_again_if_others_suffice(
    fleets: TwoFleets,
) -> None:
    fleets.failing("green-2", at="AfterAllowTraffic", with_revision="v2")

    deployment = await fleets.replace("v2", config="OneAtATime")

    assert deployment.status == "Succeeded", deployment.error_information
    assert fleets.serving == {"green-1"}
    assert fleets.witness.fewest == 1


async def test_an_instance_that_fails_with_traffic_loses_it_before_the_others_get_any(
    temporal: Client, control_plane: Path, tmp_path: Path
) -> None:
    async with TwoFleets(temporal, tmp_path, name="failed") as fleets:
        with await fleets.of_fleets(3, 3):
            await fleets.rollway.apply([ONE_MUST_STAY])
            fleets.failing("green-1", at="AfterAllowTraffic", with_revision="v2")
            hold = fleets.holding("green-3", at="BeforeAllowTraffic")
            await fleets.begin("v2", config=ONE_MUST_STAY.deployment_config_name)
            await fleets.hosts["green-3"].is_held.wait()
            await fleets.until_serving("blue-1", "blue-2", "blue-3", "green-2")

            hold.set()

            assert (await fleets.ended(fleets.last_id)).status == "Succeeded"
            assert fleets.serving == {"green-2", "green-3"}


async def test_an_original_that_was_deregistered_does_not_serve_on(fleets: TwoFleets) -> None:
    hold = fleets.holding("green-1", at="BeforeAllowTraffic")
    await fleets.begin("v2", config="AllAtOnce")
    await fleets.hosts["green-1"].is_held.wait()
    await fleets.depart("blue-1")

    hold.set()

    assert (await fleets.ended(fleets.last_id)).status == "Succeeded"
    assert fleets.serving == GREEN


async def test_an_original_that_is_deregistered_while_it_leaves_has_not_left(
    fleets: TwoFleets,
) -> None:
    fleets.with_settings(agentTimeoutSeconds=8)
    hold = fleets.holding("green-1", at="BeforeAllowTraffic")
    await fleets.begin("v2", config="AllAtOnce")
    await fleets.hosts["green-1"].is_held.wait()
    await fleets.kill("blue-2")
    hold.set()
    await fleets.until(lambda info: info.batches[-1].phase == "block original")
    await fleets.deregister("blue-2")

    deployment = await fleets.ended(fleets.last_id)

    assert deployment.status == "Failed"
    assert fleets.serving == BLUE


async def test_an_original_that_does_not_leave_gets_everything_back(fleets: TwoFleets) -> None:
    fleets.failing("blue-2", at="AfterBlockTraffic", with_revision="v2")

    deployment = await fleets.replace("v2")

    assert deployment.status == "Failed"
    assert deployment.undo_problems == ()
    assert fleets.serving == BLUE
    assert fleets.witness.fewest == 2
    assert fleets.path("blue-1") == BLOCK + ALLOW
    assert fleets.path("green-1") == INSTALL + ALLOW + BLOCK


async def test_traffic_comes_back_even_where_a_script_of_the_way_back_fails(
    fleets: TwoFleets,
) -> None:
    fleets.failing("blue-2", at="AfterBlockTraffic", with_revision="v2")
    fleets.failing("blue-1", at="BeforeAllowTraffic", with_revision="v2")

    deployment = await fleets.replace("v2")

    assert fleets.serving == BLUE
    assert "blue-1" in " ".join(deployment.deployment_status_messages)


async def test_a_ready_replacement_waits_for_a_word(fleets: TwoFleets) -> None:
    fleets.rules["deploymentReadyOption"] = {
        "actionOnTimeout": "STOP_DEPLOYMENT",
        "waitTimeInMinutes": 10,
    }
    await fleets.begin("v2", config="AllAtOnce")
    ready = await fleets.until(lambda info: info.status == "Ready")
    assert ready.deployment_overview.ready == 2
    assert (await fleets.target("green-1")).status == "Ready"
    assert fleets.serving == BLUE

    await fleets.rollway.continue_deployment(fleets.last_id, InterventionRequest())

    assert (await fleets.ended(fleets.last_id)).status == "Succeeded"
    assert fleets.serving == GREEN


async def test_a_stop_while_it_waits_leaves_the_original_serving(fleets: TwoFleets) -> None:
    fleets.rules["deploymentReadyOption"] = {
        "actionOnTimeout": "STOP_DEPLOYMENT",
        "waitTimeInMinutes": 10,
    }
    await fleets.begin("v2", config="AllAtOnce")
    await fleets.until(lambda info: info.status == "Ready")

    await fleets.rollway.intervene(fleets.last_id, "stop", InterventionRequest())

    assert (await fleets.ended(fleets.last_id)).status == "Stopped"
    assert fleets.serving == BLUE
    assert fleets.path("blue-1") == []


async def test_a_stop_in_the_middle_of_the_reroute_takes_the_replacement_out_again(
    fleets: TwoFleets,
) -> None:
    fleets.holding("green-2", at="BeforeAllowTraffic")
    await fleets.begin("v2", config="OneAtATime")
    await fleets.hosts["green-2"].is_held.wait()
    assert fleets.serving == {*BLUE, "green-1"}

    await fleets.rollway.intervene(fleets.last_id, "stop", InterventionRequest())

    assert (await fleets.ended(fleets.last_id)).status == "Stopped"
    assert fleets.serving == BLUE
    assert fleets.path("blue-1") == []


async def test_a_second_stop_does_not_stop_the_way_back(fleets: TwoFleets) -> None:
    fleets.holding("green-2", at="BeforeAllowTraffic")
    await fleets.begin("v2", config="OneAtATime")
    await fleets.hosts["green-2"].is_held.wait()
    hold = fleets.holding("green-1", at="BeforeBlockTraffic")
    await fleets.rollway.intervene(fleets.last_id, "stop", InterventionRequest())
    await fleets.hosts["green-1"].is_held.wait()

    await fleets.rollway.intervene(fleets.last_id, "stop", InterventionRequest())
    await fleets.cancel()
    hold.set()
    deployment = await fleets.ended(fleets.last_id)

    assert (deployment.status, deployment.undo_problems) == ("Stopped", ())
    assert fleets.serving == BLUE
    assert fleets.path("green-1") == INSTALL + ALLOW + BLOCK


async def test_a_stop_while_the_original_leaves_brings_it_back(fleets: TwoFleets) -> None:
    fleets.holding("blue-2", at="AfterBlockTraffic")
    await fleets.begin("v2", config="AllAtOnce")
    await fleets.hosts["blue-2"].is_held.wait()
    assert fleets.serving == GREEN

    await fleets.rollway.intervene(fleets.last_id, "stop", InterventionRequest())
    deployment = await fleets.ended(fleets.last_id)

    assert (deployment.status, deployment.undo_problems) == ("Stopped", ())
    assert fleets.serving == BLUE
    assert fleets.witness.fewest == 2


async def test_each_target_tells_of_both_stages_and_its_part(fleets: TwoFleets) -> None:
    await fleets.replace("v2")

    green, blue = await fleets.target("green-1"), await fleets.target("blue-1")

    assert green.instance_label == "Green"
    assert [event.lifecycle_event_name for event in green.events][-3:] == [
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ]
    assert blue.instance_label == "Blue"
