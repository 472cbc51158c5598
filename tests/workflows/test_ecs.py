"""Deployments to ECS services: the real server, and the emulator of AWS."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError

from codedeploy.deployment import InterventionRequest
from codedeploy.ecs_service import PRIMARY
from codedeploy.lifecycle import ECS_HOOKS
from codedeploy.traffic import Shift
from codedeploy.traffic_plan import TrafficPlan
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.traffic_scenario import CANARY, EcsScenario, event_statuses, reason_of


@pytest.fixture
def web(temporal: Client, control_plane: Path, aws: Emulator) -> EcsScenario:
    return EcsScenario(temporal, aws).of(Plan(versions=3))


def kept_for(minutes: int) -> dict[str, Any]:
    """Return the settings of a group that keeps the original so long."""
    option = {"terminationWaitTimeInMinutes": minutes}
    return {
        "blueGreenDeploymentConfiguration": {"terminateBlueInstancesOnDeploymentSuccess": option}
    }


async def test_new_tasks_get_all_traffic_and_the_old_ones_are_ended(web: EcsScenario) -> None:
    deployment = await web.deploy(2)

    assert deployment.status == "Succeeded", deployment.error_information
    await web.terminated(deployment.deployment_id)
    (only,) = web.site.task_sets()
    assert only["status"] == PRIMARY
    assert only["taskDefinition"] == web.site.task_definitions[1]
    assert web.site.weights(web.site.production_listener) == {web.site.green.name: 1}


async def test_production_traffic_is_divided_and_test_traffic_is_not(web: EcsScenario) -> None:
    await web.start(2, config=CANARY)

    await web.until_at(10)

    site = web.site
    assert site.test_listener is not None
    assert site.weights(site.production_listener) == {site.blue.name: 90, site.green.name: 10}
    assert site.weights(site.test_listener) == {site.green.name: 1}
    await web.stop()


async def test_hooks_are_asked_at_all_five_points_in_order(web: EcsScenario) -> None:
    for event in ECS_HOOKS:
        web.remembering(event, event)

    deployment = await web.deploy(2)

    assert deployment.status == "Succeeded", deployment.error_information
    assert [told["function"] for told in web.told] == list(ECS_HOOKS)
    assert {told["DeploymentId"] for told in web.told} == {deployment.deployment_id}
    assert list(event_statuses(deployment)) == [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ]


async def test_blue_and_green_take_turns_over_ten_deployments(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    web = EcsScenario(temporal, aws).of(Plan(versions=11, desired_count=1, drain_seconds=0))
    turns: list[str] = []

    for version in range(2, 12):
        deployment = await web.deploy(version)
        assert deployment.status == "Succeeded", deployment.error_information
        weights = web.site.weights(web.site.production_listener)
        turns += [group for group, weight in weights.items() if weight]

    assert turns == [web.site.green.name, web.site.blue.name] * 5
    await web.terminated(web.last_id)
    (only,) = web.site.task_sets()
    assert only["taskDefinition"] == web.site.task_definitions[10]


async def test_the_next_deployment_ends_what_the_last_one_keeps_before_it_starts(
    web: EcsScenario,
) -> None:
    web.with_settings(**kept_for(60))
    first, second, third = web.site.task_definitions
    await web.deploy(2)
    kept = [one["taskDefinition"] for one in web.site.task_sets()]

    deployment = await web.deploy(3)

    assert deployment.status == "Succeeded", deployment.error_information
    assert kept == [first, second]
    assert [one["taskDefinition"] for one in web.site.task_sets()] == [second, third]


async def test_an_original_that_somebody_gave_the_traffic_back_is_not_ended(
    web: EcsScenario,
) -> None:
    await web.with_settings(**kept_for(60)).deploy(2)
    web.site.route(web.site.production_listener, blue=1, green=0)

    await web.rollway.continue_deployment(web.last_id, InterventionRequest())
    with pytest.raises(WorkflowFailureError):
        await web.terminated(web.last_id)
    deployment = await web.rollway.deployment(web.last_id)
    following = await web.deploy(3)

    assert len(web.site.task_sets()) == 2
    assert web.site.weights(web.site.production_listener)[web.site.blue.name] == 1
    (left,) = deployment.undo_problems
    assert "sends it production traffic" in left
    assert reason_of(following)[0] == "INVALID_ECS_SERVICE"


async def test_an_undone_deployment_leaves_the_last_one_as_it_stood(web: EcsScenario) -> None:
    web.with_settings(**kept_for(60))
    await web.deploy(2)
    before = web.site.primary()

    await web.start(3, config=CANARY)
    await web.until_at(10)
    await web.stop()

    (only,) = web.site.task_sets()
    assert only["id"] == before["id"]
    assert web.site.weights(web.site.production_listener) == {web.site.green.name: 1}


# --- what the AppSpec file does not say


async def replaced(web: EcsScenario) -> dict[str, Any]:
    """Deploy version 2, and return the task set that is left."""
    deployment = await web.deploy(2)
    assert deployment.status == "Succeeded", deployment.error_information
    await web.terminated(deployment.deployment_id)
    (left,) = web.site.task_sets()
    assert left["taskDefinition"] == web.site.task_definitions[1]
    return left


async def test_a_capacity_provider_strategy_is_carried_over(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    plan = Plan(capacity_providers=("FARGATE_SPOT", "FARGATE"))
    web = EcsScenario(temporal, aws).of(plan)

    after = await replaced(web)

    providers = [one["capacityProvider"] for one in after["capacityProviderStrategy"]]
    assert providers == ["FARGATE_SPOT", "FARGATE"]


async def test_network_and_platform_version_are_carried_over(web: EcsScenario) -> None:
    before = web.running(platformVersion="1.3.0").site.primary()

    after = await replaced(web)

    assert after["platformVersion"] == "1.3.0"
    assert after["networkConfiguration"] == before["networkConfiguration"]


# --- network load balancers


@pytest.fixture
def tcp(temporal: Client, control_plane: Path, aws: Emulator) -> EcsScenario:
    plan = Plan(balancer="network", has_test_listener=False)
    return EcsScenario(temporal, aws).of(plan)


async def test_a_network_load_balancer_moves_traffic_all_at_once(tcp: EcsScenario) -> None:
    deployment = await tcp.deploy(2)

    assert deployment.status == "Succeeded", deployment.error_information
    assert tcp.site.weights(tcp.site.production_listener) == {tcp.site.green.name: 1}
    assert "AllowTestTraffic" not in event_statuses(deployment)


# --- plans


async def test_a_plan_tells_the_schedule_and_who_plays_which_part(web: EcsScenario) -> None:
    await web.apply()

    plan = await web.rollway.plan(web.request(2, config=CANARY))

    assert isinstance(plan, TrafficPlan)
    assert plan.schedule[0] == Shift(percent=10)
    versions = [name.partition(":")[2] for name in (plan.original, plan.replacement)]
    assert versions == ["1", "2"]
    assert plan.ecs is not None
    assert (plan.ecs.blue.name, plan.ecs.green.name) == (web.site.blue.name, web.site.green.name)
    assert plan.ecs.original.id == web.site.primary()["id"]


async def test_a_plan_warns_of_the_original_that_is_going_to_be_ended_first(
    web: EcsScenario,
) -> None:
    await web.with_settings(**kept_for(60)).deploy(2)

    plan = await web.rollway.plan(web.request(3))

    assert any("is deleted first" in warning for warning in plan.warnings)


async def test_a_plan_warns_of_no_original_that_has_gone(web: EcsScenario) -> None:
    await web.deploy(2)
    await web.terminated(web.last_id)

    plan = await web.rollway.plan(web.request(3))

    assert plan.warnings == ()


async def test_a_plan_holds_although_an_original_is_ended_first(web: EcsScenario) -> None:
    await web.with_settings(**kept_for(60)).deploy(2)
    plan = await web.rollway.plan(web.request(3))

    deployment = await web.deploy(3, planId=plan.plan_id)

    assert deployment.status == "Succeeded", deployment.error_information
