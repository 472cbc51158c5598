"""Shifts and waits of minutes and hours, on the time-skipping test server."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from codedeploy.application import ComputePlatform
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import ApprovalGate, GatePosition, OnDeadline
from codedeploy.ecs_service import TaskSetQuestion
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult
from codedeploy.steering import Verb
from tests.workflows.fake_aws import ORIGINAL, REPLACEMENT, ServiceState
from tests.workflows.time_machine import TimeMachine, time_machine
from workflows.options import CONTROL_QUEUE
from workflows.orders import TerminationOrder
from workflows.termination import TerminationWorkflow

LINEAR = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
ECS_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

Shifts = list[tuple[int, int]]
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


def event(deployment: DeploymentInfo, name: LifecycleEvent) -> LifecycleEventResult:
    assert deployment.target is not None
    (found,) = (one for one in deployment.target.events if one.lifecycle_event_name is name)
    return found


def began(deployment: DeploymentInfo, name: LifecycleEvent) -> datetime:
    found = event(deployment, name).start_time
    assert found is not None
    return found


def moves(deployment: DeploymentInfo, *, since: datetime | None = None) -> Shifts:
    """Return when traffic was moved, counted from when the first shift was due.

    The clock runs on while a worker is busy: what is less than half a minute late is on time.
    """
    assert deployment.traffic is not None
    due, grain = since or began(deployment, LifecycleEvent.ALLOW_TRAFFIC), timedelta(seconds=30)
    return [(30 * ((move.time - due) // grain), move.percent) for move in deployment.traffic.moves]


def test_every_predefined_configuration_that_moves_traffic_is_run() -> None:
    names = [n for n, c in PREDEFINED.items() if c.compute_platform is not ComputePlatform.SERVER]

    assert [f"CodeDeployDefault.{name}" for name in SCHEDULES] == names


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name.startswith("Lambda")])
async def test_a_function_gets_its_traffic_on_schedule(machine: TimeMachine, name: str) -> None:
    deployment = await machine.deploy(machine.of_lambda(f"CodeDeployDefault.{name}"))

    assert deployment.status == "Succeeded"
    assert moves(deployment) == SCHEDULES[name]


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name.startswith("ECS")])
async def test_new_tasks_get_their_traffic_on_schedule(ecs_machine: TimeMachine, name: str) -> None:
    deployment = await ecs_machine.deploy(ecs_machine.of_ecs(f"CodeDeployDefault.{name}"))

    assert deployment.status == "Succeeded"
    assert moves(deployment) == SCHEDULES[name]


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

    deployment = await machine.deploy(machine.of_lambda("thirds"))

    assert moves(deployment) == [(0, 30), (420, 60), (840, 90), (1260, 100)]


async def test_no_shift_is_delayed_by_how_long_the_one_before_took(machine: TimeMachine) -> None:
    running = await machine.start(machine.of_lambda(LINEAR))
    await machine.ended(running)

    due = await machine.timers(running)

    assert [later - earlier for earlier, later in pairwise(due)] == [MINUTE] * 8


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
    assert len(moves(held)) == 1
    assert moves(deployment, since=resumed)[1:4] == [(0, 20), (60, 30), (120, 40)]


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
    assert moves(deployment)[:3] == [(0, 10), (first_wait, 20), (first_wait + 60, 30)]


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
    assert [percent for _, percent in moves(deployment)] == [10, 100]


# --- hooks


async def test_a_hook_that_never_says_anything_times_out_and_is_named(
    machine: TimeMachine,
) -> None:
    order = machine.of_lambda(LINEAR, {"BeforeAllowTraffic": "mute"}, hookTimeoutMinutes=7)

    deployment = await machine.deploy(order)

    (call,) = machine.functions.asked
    hook = event(deployment, LifecycleEvent.BEFORE_ALLOW_TRAFFIC)
    assert hook.start_time is not None
    assert hook.end_time is not None
    assert (hook.end_time - hook.start_time) // MINUTE == 7
    assert deployment.error_information is not None
    assert deployment.error_information.code == "HOOK_EXECUTION_FAILURE"
    assert "The hook function mute (BeforeAllowTraffic) did not say within 7 min" in (
        deployment.error_information.message
    )
    assert call.execution_id in deployment.error_information.message


# --- the waits of an ECS deployment


async def test_a_replacement_that_nobody_continues_with_is_put_back(machine: TimeMachine) -> None:
    deployment = await machine.deploy(machine.of_ecs(ECS_AT_ONCE, ready_wait=90))

    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert "nobody answered in time: rollway continue" in deployment.error_information.message
    assert machine.service(deployment) == ServiceState()


async def test_a_replacement_waits_until_somebody_continues(ecs_machine: TimeMachine) -> None:
    running = await ecs_machine.start(ecs_machine.of_ecs(ECS_AT_ONCE, ready_wait=90))
    await ecs_machine.until(running, lambda info: info.status == "Ready")

    await ecs_machine.skip(HOUR)
    await ecs_machine.tell(running, Verb.CONTINUE)
    deployment = await ecs_machine.ended(running)

    assert deployment.status == "Succeeded"
    ready = began(deployment, LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC)
    assert began(deployment, LifecycleEvent.BEFORE_ALLOW_TRAFFIC) - ready >= HOUR


async def test_somebody_may_end_the_original_before_its_time(ecs_machine: TimeMachine) -> None:
    order = ecs_machine.of_ecs(ECS_AT_ONCE, termination_wait=2880)
    deployment = await ecs_machine.deploy_at_once(order)
    kept = list(ecs_machine.service(deployment).task_sets)

    await ecs_machine.termination(deployment).signal("finish")
    await ecs_machine.termination(deployment).result()

    assert kept == [ORIGINAL, REPLACEMENT]
    assert ecs_machine.service(deployment).task_sets == [REPLACEMENT]


async def test_the_original_is_kept_for_its_time(machine: TimeMachine) -> None:
    machine.services.states["web"] = ServiceState([ORIGINAL, REPLACEMENT], primary=REPLACEMENT)
    question = TaskSetQuestion(cluster="main", service="web", task_set=ORIGINAL)

    termination = await machine.client.start_workflow(
        TerminationWorkflow.run,
        TerminationOrder(question=question, wait_minutes=2880),
        id="d-000000000/termination",
        task_queue=CONTROL_QUEUE,
    )
    await termination.result()

    described = await termination.describe()
    assert described.close_time is not None
    assert (described.close_time - described.start_time) // MINUTE == 2880
    assert machine.services.states["web"].task_sets == [REPLACEMENT]
