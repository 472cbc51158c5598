"""Instances named to replace others, where none replaces another: neither planned nor deployed."""

from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.errors import InvalidTargetInstances
from codedeploy.target_instances import TargetInstances
from starter.client import Rollway
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.scenario import Scenario
from tests.traffic_scenario import EcsScenario, LambdaScenario, TrafficScenario

NAMED = TargetInstances(auto_scaling_groups=("green",))


async def test_a_plan_in_place_is_refused_with_the_options_to_leave_out(fleet: Scenario) -> None:
    await fleet.of("a")
    await fleet.apply()
    request = fleet.request("v1", "AllAtOnce", targetInstances=NAMED)

    with pytest.raises(InvalidTargetInstances, match="is IN_PLACE") as refused:
        await fleet.rollway.plan(request)

    assert "--target-auto-scaling-group) out" in refused.value.message


async def test_a_deployment_in_place_fails_before_it_touches_a_host(fleet: Scenario) -> None:
    await fleet.of("a")

    deployment = await fleet.deploy("v1", targetInstances=NAMED)

    assert deployment.error_information is not None
    assert deployment.error_information.code == "NO_INSTANCES"
    assert fleet.path("a") == []


async def test_a_replacement_that_names_nothing_is_none(fleet: Scenario) -> None:
    await fleet.of("a")

    deployment = await fleet.deploy("v1", targetInstances=TargetInstances())

    assert deployment.status == "Succeeded", deployment.error_information


@pytest.mark.parametrize("platform", ["Lambda", "ECS"])
async def test_a_plan_without_instances_is_refused(
    temporal: Client, control_plane: Path, aws: Emulator, platform: str
) -> None:
    traffic = await _applied(temporal, aws, platform)
    request = traffic.request(2).model_copy(update={"target_instances": NAMED})

    with pytest.raises(InvalidTargetInstances, match=f"deploys to {platform}"):
        await Rollway(temporal).plan(request)


async def _applied(temporal: Client, aws: Emulator, platform: str) -> TrafficScenario:
    if platform == "Lambda":
        traffic: TrafficScenario = LambdaScenario(temporal, aws).of(versions=2)
    else:
        traffic = EcsScenario(temporal, aws).of(Plan(versions=2))
    await traffic.apply()
    return traffic
