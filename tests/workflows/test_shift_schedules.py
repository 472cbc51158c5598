"""Shifts of minutes and hours, on the time-skipping test server."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from codedeploy.application import ComputePlatform
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import ApprovalGate, GatePosition, OnDeadline
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.steering import Verb
from tests.workflows.chronicle import decided, timers
from tests.workflows.time_machine import Running, TimeMachine, began, time_machine

LINEAR = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
ECS_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
ALARMS = {"enabled": True, "alarms": [{"name": "errors"}]}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

SOON = timedelta(seconds=5)
"""How long a worker may take to do what is due; the clock runs on while it is busy."""

Shifts = list[tuple[float, int]]
"""Seconds since the first shift was due, and percent."""


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


@pytest.fixture
async def ecs_machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


def canary(minutes: int) -> Shifts:
    return [(0, 10), (60 * minutes, 100)]


def linear(minutes: int) -> Shifts:
    return [(60 * minutes * shift, 10 + 10 * shift) for shift in range(10)]


SCHEDULES = {
    "LambdaCanary10Percent5Minutes": canary(5),
    "LambdaCanary10Percent10Minutes": canary(10),
    "LambdaCanary10Percent15Minutes": canary(15),
    "LambdaCanary10Percent30Minutes": canary(30),
    "LambdaLinear10PercentEvery1Minute": linear(1),
    "LambdaLinear10PercentEvery2Minutes": linear(2),
    "LambdaLinear10PercentEvery3Minutes": linear(3),
    "LambdaLinear10PercentEvery10Minutes": linear(10),
    "LambdaAllAtOnce": [(0, 100)],
    "ECSCanary10Percent5Minutes": canary(5),
    "ECSCanary10Percent15Minutes": canary(15),
    "ECSLinear10PercentEvery1Minutes": linear(1),
    "ECSLinear10PercentEvery3Minutes": linear(3),
    "ECSAllAtOnce": [(0, 100)],
}


async def due(machine: TimeMachine, running: Running) -> Shifts:
    """Return when each shift of a deployment was due; AWS was told of each soon after that."""
    told = machine.shifts(await machine.ended(running))
    moments = [await decided(running, told[0]), *await timers(running)]
    for moment, call in zip(moments, told, strict=True):
        assert timedelta() <= call.time - moment < SOON
    seconds = [(moment - moments[0]).total_seconds() for moment in moments]
    return list(zip(seconds, (call.percent for call in told), strict=True))


def told(machine: TimeMachine, deployment: DeploymentInfo, *, since: datetime) -> Shifts:
    """Return when AWS was told to shift traffic, counted from `since`."""
    calls = machine.shifts(deployment)
    return [((call.time - since).total_seconds(), call.percent) for call in calls]


def soon_after(seconds: float) -> Any:
    """Equal whatever comes after so many seconds as soon as a worker can do it, never before."""
    half = SOON.total_seconds() / 2
    return pytest.approx(seconds + half, abs=half)


def test_every_predefined_configuration_that_moves_traffic_is_run() -> None:
    names = [n for n, c in PREDEFINED.items() if c.compute_platform is not ComputePlatform.SERVER]

    assert [f"CodeDeployDefault.{name}" for name in SCHEDULES] == names


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name.startswith("Lambda")])
async def test_a_function_gets_its_traffic_on_schedule(machine: TimeMachine, name: str) -> None:
    running = await machine.start(machine.of_lambda(f"CodeDeployDefault.{name}"))

    assert await due(machine, running) == SCHEDULES[name]


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name.startswith("ECS")])
async def test_new_tasks_get_their_traffic_on_schedule(ecs_machine: TimeMachine, name: str) -> None:
    running = await ecs_machine.start(ecs_machine.of_ecs(f"CodeDeployDefault.{name}"))

    assert await due(ecs_machine, running) == SCHEDULES[name]


async def test_a_percentage_that_does_not_divide_100_leaves_a_smaller_last_shift(
    machine: TimeMachine,
) -> None:
    routing = {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 7},
    }
    machine.files.configs["thirds"] = DeploymentConfig.model_validate(
        {
            "deploymentConfigName": "thirds",
            "computePlatform": "Lambda",
            "trafficRoutingConfig": routing,
        }
    )

    running = await machine.start(machine.of_lambda("thirds"))

    assert await due(machine, running) == [(0, 30), (420, 60), (840, 90), (1260, 100)]


# --- what holds a shift back


async def test_a_pause_holds_the_next_shift_and_the_others_follow_at_their_distance(
    machine: TimeMachine,
) -> None:
    running = await machine.start(machine.of_lambda(LINEAR))
    await machine.until(running, lambda info: bool(info.traffic and info.traffic.moves))

    await machine.tell(running, Verb.PAUSE)
    await machine.skip(HOUR)
    held = await machine.until(running, lambda info: info.wait is not None)
    await machine.tell(running, Verb.RESUME)
    deployment = await machine.ended(running)

    resumed = deployment.interventions[-1].time
    assert held.traffic is not None
    assert held.traffic.percent == 10
    assert told(machine, deployment, since=resumed)[1:4] == [
        (soon_after(0), 20),
        (soon_after(60), 30),
        (soon_after(120), 40),
    ]


def gate(at: GatePosition, default: OnDeadline) -> dict[str, Any]:
    return {
        "approvals": [ApprovalGate(at=at, deadline_minutes=300, on_deadline=default).model_dump()]
    }


async def test_an_approval_nobody_gives_lets_the_shifts_go_on_if_that_is_its_default(
    machine: TimeMachine,
) -> None:
    settings = gate(GatePosition.AFTER_FIRST_BATCH, OnDeadline.CONTINUE)

    deployment = await machine.deploy(machine.of_lambda(LINEAR, **settings))

    assert deployment.status == "Succeeded"
    first_wait = 60 * (1 + 300)
    assert told(machine, deployment, since=began(deployment, LifecycleEvent.ALLOW_TRAFFIC))[:3] == [
        (soon_after(0), 10),
        (soon_after(first_wait), 20),
        (soon_after(first_wait + 60), 30),
    ]


async def test_an_alarm_is_noticed_before_a_late_shift_though_nobody_watched(
    machine: TimeMachine,
) -> None:
    settings = gate(GatePosition.AFTER_FIRST_BATCH, OnDeadline.CONTINUE)
    running = await machine.start(machine.of_lambda(LINEAR, alarmConfiguration=ALARMS, **settings))
    await machine.until(running, lambda info: bool(info.traffic and info.traffic.moves))

    machine.alarms.firing["errors"] = "7 errors in a minute"
    deployment = await machine.ended(running)

    machine.alarms.firing.clear()
    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "ALARM_ACTIVE"
    assert [call.percent for call in machine.shifts(deployment)] == [10]
    assert machine.alias(deployment).shares == {"1": 1.0}


async def test_an_approval_nobody_gives_puts_the_alias_back_if_that_is_its_default(
    machine: TimeMachine,
) -> None:
    settings = gate(GatePosition.AFTER_FIRST_BATCH, OnDeadline.ROLLBACK)

    deployment = await machine.deploy(machine.of_lambda(LINEAR, **settings))

    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert "nobody answered in time: approval after shift 1" in deployment.error_information.message
    assert machine.alias(deployment).shares == {"1": 1.0}


async def test_an_approval_is_asked_for_before_every_shift(machine: TimeMachine) -> None:
    settings = gate(GatePosition.BEFORE_EVERY_BATCH, OnDeadline.ROLLBACK)
    config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    running = await machine.start(machine.of_lambda(config, **settings))

    for reason in ("approval of shift 1", "approval of shift 2"):
        await machine.skip(5 * MINUTE)
        info = await machine.until(running, lambda info: info.wait is not None)
        assert info.wait is not None
        assert info.wait.reason == reason
        await machine.tell(running, Verb.APPROVE)

    deployment = await machine.ended(running)
    assert [call.percent for call in machine.shifts(deployment)] == [10, 100]
