"""Waits of minutes and hours for a verdict, a word, the end of an original; time is skipped."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from codedeploy.deployment import Termination
from codedeploy.ecs_service import TaskSetQuestion
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.steering import Verb
from tests.traffic_scenario import reason_of
from tests.workflows.chronicle import limits
from tests.workflows.fake_aws import ORIGINAL, REPLACEMENT, ServiceState
from tests.workflows.impatience import Impatience
from tests.workflows.time_machine import TimeMachine, began, event, time_machine
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import TerminationOrder
from workflows.termination import TerminationWorkflow

ECS_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
LAMBDA_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


@pytest.fixture
async def ecs_machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


# --- hooks


async def test_a_hook_that_never_says_anything_times_out_and_is_named(
    machine: TimeMachine,
) -> None:
    order = machine.of_lambda(LAMBDA_AT_ONCE, {"BeforeAllowTraffic": "mute"}, hookTimeoutMinutes=7)

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


async def test_the_call_of_a_hook_outlasts_the_time_it_has_to_say_something(
    machine: TimeMachine,
) -> None:
    order = machine.of_lambda(LAMBDA_AT_ONCE, {"BeforeAllowTraffic": "mute"}, hookTimeoutMinutes=7)
    running = await machine.start(order)
    await machine.ended(running)

    (limit,) = await limits(running, "call_hook")

    assert limit > 7 * MINUTE


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


async def test_a_replacement_that_is_put_back_is_not_ready_any_more(
    ecs_machine: TimeMachine,
) -> None:
    put_back = ecs_machine.holding("delete_task_set")
    running = await ecs_machine.start(ecs_machine.of_ecs(ECS_AT_ONCE, ready_wait=90))
    await ecs_machine.until(running, lambda info: info.status == "Ready")

    await ecs_machine.tell(running, Verb.STOP)
    await put_back.reached.wait()
    meanwhile = await running.query(DeploymentWorkflow.info)
    put_back.released.set()
    deployment = await ecs_machine.ended(running)

    assert meanwhile.status == "InProgress"
    assert deployment.status == "Stopped"


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


async def test_an_original_that_does_not_go_is_why_the_next_deployment_fails() -> None:
    async with time_machine(Impatience("finish_termination")) as machine:
        going = machine.holding("delete_task_set")
        first = await machine.deploy_at_once(machine.of_ecs(ECS_AT_ONCE, termination_wait=0))
        kept = Termination(workflow_id=machine.termination(first).id)
        order = machine.of_ecs(ECS_AT_ONCE).model_copy(update={"termination": kept})

        deployment = await machine.deploy(order)
        going.released.set()

    code, message = reason_of(deployment)
    assert code == "TIMEOUT"
    assert "The original of the deployment before was not gone within 60 min" in message
    assert kept.workflow_id in message


async def test_alarms_are_watched_for_as_long_as_a_deployment_is_paused() -> None:
    impatience = Impatience("watch_alarms")
    async with time_machine(impatience) as machine:
        machine.alarms.are_watched = True
        alarms = {"enabled": True, "alarms": [{"name": "errors"}]}
        hook = {"BeforeAllowTraffic": "check"}
        running = await machine.start(
            machine.of_lambda(LAMBDA_AT_ONCE, hook, alarmConfiguration=alarms)
        )

        waiting = await machine.until(
            running, lambda info: len(impatience.asked) > 2 or info.status.is_final
        )
        machine.alarms.firing["errors"] = "7 errors in a minute"
        deployment = await machine.ended(running)

    assert waiting.status == "InProgress"
    assert reason_of(deployment)[1] == "Stopped, in ALARM: errors (7 errors in a minute)"
