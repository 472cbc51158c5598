"""A stop counts wherever a deployment is, also if what it waits for ends at that very moment."""

from collections.abc import AsyncIterator

import pytest

from codedeploy.deployment import DeploymentInfo, DeploymentStatus, InterventionRequest, Termination
from tests.workflows.fake_aws import ServiceState
from tests.workflows.time_machine import TimeMachine, time_machine
from workflows.orders import DeploymentOrder

LAMBDA, ECS = "CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.ECSAllAtOnce"
BESIDES = ("", "cancel", "route_listener", "watch_alarms")
ALARMS = {"enabled": True, "alarms": [{"name": "errors"}]}


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine(forgets=True) as running:
        yield running


async def stopped_at_the_end_of(
    activity: str, machine: TimeMachine, order: DeploymentOrder, *, ahead: int = 0
) -> DeploymentInfo:
    """Carry `order` out; a stop and the end of an activity reach it in one workflow task."""
    hold = machine.holding(activity, ahead=ahead)
    running = await machine.start(order)
    await hold.reached.wait()
    async with machine.away():
        await running.signal("stop", InterventionRequest(reason="too early"))
        hold.released.set()
        await machine.until_activities_end(running)
    return await machine.ended(running)


async def followed(activity: str, machine: TimeMachine, deployment: DeploymentInfo) -> list[str]:
    """Return what was made, looked at or deleted after the first `activity`."""
    running = machine.client.get_workflow_handle(deployment.deployment_id)
    events = (await running.fetch_history()).events
    names = [one.activity_task_scheduled_event_attributes.activity_type.name for one in events]
    later = names[names.index(activity) + 1 :]
    return [name for name in later if name not in BESIDES]


@pytest.mark.parametrize(
    ("activity", "undone"),
    [
        ("finish_termination", []),
        ("look_at_alarms", []),
        ("pin_appspec", []),
        ("look_at_service", []),
        ("route_listener", []),
        ("create_replacement", ["delete_task_set"]),
        ("await_steady_state", ["delete_task_set"]),
        ("make_task_set_primary", ["make_task_set_primary", "delete_task_set"]),
    ],
)
async def test_a_service_is_as_it_was_and_nothing_more_was_tried(
    machine: TimeMachine, activity: str, undone: list[str]
) -> None:
    order = machine.of_ecs(ECS, alarmConfiguration=ALARMS)
    left = Termination(workflow_id="d-BEFORE/termination")
    order = order.model_copy(update={"termination": left})

    deployment = await stopped_at_the_end_of(activity, machine, order)

    assert deployment.status is DeploymentStatus.STOPPED
    assert await followed(activity, machine, deployment) == undone
    assert deployment.target is None or machine.service(deployment) == ServiceState()


@pytest.mark.parametrize("ahead", [1, 2], ids=["test listener", "last shift"])
async def test_listeners_do_again_what_they_did(machine: TimeMachine, ahead: int) -> None:
    order = machine.of_ecs(ECS)

    deployment = await stopped_at_the_end_of("route_listener", machine, order, ahead=ahead)

    done = await followed("create_replacement", machine, deployment)
    assert deployment.status is DeploymentStatus.STOPPED
    assert done == ["await_steady_state", "delete_task_set"]
    assert machine.service(deployment) == ServiceState()


async def test_a_plan_that_no_longer_holds_is_not_what_a_stopped_deployment_ended_with(
    machine: TimeMachine,
) -> None:
    order = machine.of_lambda(LAMBDA)
    of_nobody = order.request.model_copy(update={"plan_id": "plan-of-nobody"})
    order = order.model_copy(update={"request": of_nobody})

    deployment = await stopped_at_the_end_of("load_plan", machine, order)

    assert deployment.status is DeploymentStatus.STOPPED


async def test_an_alias_points_to_its_old_version(machine: TimeMachine) -> None:
    order = machine.of_lambda(LAMBDA)

    deployment = await stopped_at_the_end_of("route_alias", machine, order)

    assert deployment.status is DeploymentStatus.STOPPED
    assert machine.alias(deployment).shares == {"1": 1.0}


@pytest.mark.parametrize("activity", ["pin", "find_hosts", "block_traffic"])
async def test_no_server_is_deployed_to(machine: TimeMachine, activity: str) -> None:
    deployment = await stopped_at_the_end_of(activity, machine, machine.of_servers())

    assert deployment.status is DeploymentStatus.STOPPED
    assert deployment.batches == ()
