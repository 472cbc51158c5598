"""Traffic that cannot be put back: what serves instead is left alone, and people are told."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from codedeploy.deployment import DeploymentInfo
from codedeploy.steering import Verb
from tests.copied_fleets import copying
from tests.two_fleets import TwoFleets
from tests.workflows.fake_aws import ORIGINAL, REPLACEMENT
from tests.workflows.fleet_machine import BLUE, GREEN, FleetMachine, fleet_machine
from tests.workflows.time_machine import TimeMachine, time_machine

DENIED = ApplicationError(
    "elasticloadbalancing:ModifyListener is denied.",
    type="IAM_ROLE_PERMISSIONS",
    non_retryable=True,
)
BUSY = ApplicationError("Rate exceeded", type="THROTTLED")


def beginnings(problems: tuple[str, ...]) -> list[str]:
    """Return the first sentence of each problem."""
    return [problem.partition(".")[0] for problem in problems]


# --- servers


@pytest.fixture
async def fleets(
    temporal: Client, control_plane: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[TwoFleets]:
    async with TwoFleets(temporal, tmp_path, name=request.node.name[-40:]) as scenario:
        with await scenario.of_fleets(2, 2):
            yield scenario.with_settings(trafficTimeoutSeconds=8)


@pytest.fixture
async def machine() -> AsyncIterator[FleetMachine]:
    async with fleet_machine() as running:
        yield running


def ending(fleets: TwoFleets, *names: str) -> None:
    """Let original hosts end while they leave service, and the deployment fail there."""
    for name in names:
        fleets.hosts[name].doing["AfterBlockTraffic"] = stopping(fleets, name)
        fleets.failing(name, at="AfterBlockTraffic", with_revision="v2")


def stopping(fleets: TwoFleets, name: str) -> Callable[[str], None]:
    return lambda _: fleets.servers[name].stop()


async def test_a_replacement_goes_on_serving_if_the_original_cannot_come_back(
    fleets: TwoFleets,
) -> None:
    ending(fleets, "blue-1", "blue-2")

    deployment = await fleets.replace("v2", config="AllAtOnce")

    assert deployment.status == "Failed"
    assert fleets.serving == {"green-1", "green-2"}
    assert fleets.witness.fewest == 2
    assert beginnings(deployment.undo_problems) == [
        "not done: The original has the traffic again",
        "not tried: The replacement has no traffic any more",
    ]
    assert "0 of 2 original instances have it, and at least 1 must." in deployment.undo_problems[0]
    assert "Bring the original back into service, then do this" in deployment.undo_problems[1]


async def test_nobody_is_told_of_traffic_that_did_not_move(fleets: TwoFleets) -> None:
    ending(fleets, "blue-1", "blue-2")

    deployment = await fleets.replace("v2", config="AllAtOnce")

    assert deployment.deployment_status_messages == ()


async def test_an_original_that_comes_back_as_far_as_the_floor_asks_takes_over_again(
    fleets: TwoFleets,
) -> None:
    ending(fleets, "blue-1")

    deployment = await fleets.replace("v2", config="OneAtATime")

    assert deployment.status == "Failed"
    assert fleets.serving == {"blue-2"}
    (problem,) = deployment.undo_problems
    assert problem.startswith(f"{fleets.full('blue-1')} has no traffic again: ")


async def stuck_copy(machine: FleetMachine) -> DeploymentInfo:
    """Deploy to a copy whose original fails to leave, and is not taken back by the balancer."""
    machine.hosts["i-b2"].failing["AfterBlockTraffic"] = "v1"
    for name in BLUE:
        machine.hosts[name].doing["AfterBlockTraffic"] = lambda _: machine.fleets.refuse(
            "allow_traffic"
        )
        machine.hosts[name].failing["BeforeAllowTraffic"] = "v1"
    return await machine.deploy(machine.order(**copying()))


async def test_a_copy_is_not_deleted_while_the_original_cannot_come_back(
    machine: FleetMachine,
) -> None:
    deployment = await stuck_copy(machine)

    (copy,) = {*machine.fleets.groups} - {"web"}
    assert machine.fleets.serving == {*GREEN}
    assert machine.fleets.groups[copy].is_attached
    assert beginnings(deployment.undo_problems) == [
        "not done: The original has the traffic again",
        "not tried: The original Auto Scaling group does again what it did",
        f"not tried: The load balancers were detached from {copy}",
        "not tried: The replacement has no traffic any more",
        f"not tried: {copy} was deleted",
    ]


async def test_a_deployment_that_keeps_its_copy_says_why_the_original_is_out(
    machine: FleetMachine,
) -> None:
    deployment = await stuck_copy(machine)

    assert "allow_traffic of i-b1, i-b2 is denied." in deployment.undo_problems[0]
    assert (deployment.rollback_info.rollback_message or "").startswith(
        "Not everything could be put back: not done: The original has the traffic again."
    )


# --- ECS


@pytest.fixture
async def services() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


async def stopped_in_canary(services: TimeMachine, answer: ApplicationError) -> DeploymentInfo:
    """Stop a canary whose production listener AWS does not give back."""
    order = services.of_ecs("CodeDeployDefault.ECSCanary10Percent5Minutes")
    running = await services.start(order)
    await services.until(running, lambda info: bool(info.traffic and info.traffic.percent == 10))
    services.services.stuck = answer
    await services.tell(running, Verb.STOP)
    return await services.ended(running)


@pytest.mark.parametrize("answer", [DENIED, BUSY], ids=["denied", "an hour of silence"])
async def test_tasks_that_keep_production_traffic_are_not_deleted(
    services: TimeMachine, answer: ApplicationError
) -> None:
    deployment = await stopped_in_canary(services, answer)

    state = services.service(deployment)
    assert deployment.status == "Stopped"
    assert state.task_sets == [ORIGINAL, REPLACEMENT]
    assert state.green == {"production": 10, "test": 100}


async def test_whoever_stopped_it_is_told_what_serves_and_what_to_do(
    services: TimeMachine,
) -> None:
    deployment = await stopped_in_canary(services, DENIED)

    advice = (
        "green may still have production traffic. Give all of it to blue at the listener, then do "
        "this by hand."
    )
    assert deployment.undo_problems == (
        "not done: All production traffic goes to blue again. "
        "elasticloadbalancing:ModifyListener is denied.",
        f"not tried: The test listener was put back. {advice}",
        f"not tried: The replacement task set was deleted. {advice}",
        f"not tried: The production listener forwards to blue alone again. {advice}",
    )
