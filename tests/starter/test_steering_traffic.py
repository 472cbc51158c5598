"""What the client says to deployments that move traffic; their AWS is in memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from codedeploy.deployment import DeploymentInfo, DeploymentStatus, InterventionRequest
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentDoesNotExist,
    DeploymentIsNotInReadyState,
    InvalidLifecycleEventHookExecutionId,
    InvalidLifecycleEventHookExecutionStatus,
    LifecycleEventAlreadyCompleted,
    UnsupportedActionForDeploymentType,
)
from codedeploy.hook import HookReport
from starter.client import Rollway
from tests.workflows.fake_aws import REPLACEMENT
from tests.workflows.time_machine import Running, TimeMachine, time_machine

LAMBDA = "CodeDeployDefault.LambdaAllAtOnce"
ECS = "CodeDeployDefault.ECSAllAtOnce"
GO_ON = InterventionRequest()


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine() as running:
        yield running


@pytest.fixture
def rollway(machine: TimeMachine) -> Rollway:
    return Rollway(machine.client)


async def asking(machine: TimeMachine) -> tuple[Running, str]:
    """Start a deployment whose hook has been asked, and return the hook's execution."""
    running = await machine.start(machine.of_lambda(LAMBDA, {"BeforeAllowTraffic": "check"}))
    while True:
        for call in machine.functions.asked:
            if call.deployment_id == running.id:
                return running, call.execution_id
        await asyncio.sleep(0.02)


async def kept(machine: TimeMachine) -> DeploymentInfo:
    """Deploy to a service whose original is kept for an hour."""
    return await machine.deploy(machine.of_ecs(ECS, termination_wait=60))


def report(execution: str, status: str = "Succeeded") -> HookReport:
    return HookReport(lifecycle_event_hook_execution_id=execution, status=status)


# --- hooks


async def test_the_verdict_of_a_hook_lets_the_deployment_go_on(
    machine: TimeMachine, rollway: Rollway
) -> None:
    running, execution = await asking(machine)

    answered = await rollway.hook_status(running.id, report(execution))

    assert answered == execution
    assert (await machine.ended(running)).status is DeploymentStatus.SUCCEEDED


async def test_a_verdict_that_nobody_awaits_is_refused_by_name(
    machine: TimeMachine, rollway: Rollway
) -> None:
    running, execution = await asking(machine)

    with pytest.raises(InvalidLifecycleEventHookExecutionId, match="knows no hook execution 'x'"):
        await rollway.hook_status(running.id, report("x"))
    with pytest.raises(InvalidLifecycleEventHookExecutionStatus, match="expected Succeeded"):
        await rollway.hook_status(running.id, report(execution, "Unknown"))
    await rollway.hook_status(running.id, report(execution, "Failed"))
    await machine.ended(running)


async def test_a_verdict_after_the_end_is_too_late(machine: TimeMachine, rollway: Rollway) -> None:
    running, execution = await asking(machine)
    await rollway.hook_status(running.id, report(execution, "Failed"))
    await machine.ended(running)

    with pytest.raises(LifecycleEventAlreadyCompleted, match=r"has ended \(Failed\)"):
        await rollway.hook_status(running.id, report(execution))


async def test_a_deployment_that_nobody_knows_awaits_no_verdict(rollway: Rollway) -> None:
    with pytest.raises(DeploymentDoesNotExist):
        await rollway.hook_status("d-000000000", report("x"))


# --- continue


async def test_a_ready_deployment_is_continued(machine: TimeMachine, rollway: Rollway) -> None:
    running = await machine.start(machine.of_ecs(ECS, ready_wait=60, termination_wait=0))
    await machine.until(running, lambda info: info.status is DeploymentStatus.READY)

    answer = await rollway.continue_deployment(running.id, GO_ON)

    assert answer == "Continuing: traffic is rerouted now."
    assert (await machine.ended(running)).status is DeploymentStatus.SUCCEEDED


async def test_a_deployment_that_waits_for_nobody_is_not_continued(
    machine: TimeMachine, rollway: Rollway
) -> None:
    running, execution = await asking(machine)

    with pytest.raises(DeploymentIsNotInReadyState):
        await rollway.continue_deployment(running.id, GO_ON)

    await rollway.hook_status(running.id, report(execution))
    await machine.ended(running)


async def test_a_success_says_until_when_its_original_is_kept(
    machine: TimeMachine, rollway: Rollway
) -> None:
    deployment = await kept(machine)

    wait = (await rollway.deployment(deployment.deployment_id)).wait

    assert wait is not None
    assert wait.reason == "the end of the original task set"
    assert wait.until is not None
    assert deployment.complete_time is not None
    assert 3590 < (wait.until - deployment.complete_time).total_seconds() < 3610
    await rollway.continue_deployment(deployment.deployment_id, GO_ON)


async def test_an_original_that_is_kept_can_be_ended_once(
    machine: TimeMachine, rollway: Rollway
) -> None:
    deployment = await kept(machine)

    answer = await rollway.continue_deployment(deployment.deployment_id, GO_ON)
    await machine.termination(deployment).result()

    assert answer == "Continuing: the original task set is deleted now."
    assert machine.service(deployment).task_sets == [REPLACEMENT]
    assert (await rollway.deployment(deployment.deployment_id)).wait is None
    with pytest.raises(DeploymentAlreadyCompleted, match="nothing to continue"):
        await rollway.continue_deployment(deployment.deployment_id, GO_ON)


# --- looking


async def test_a_deployment_to_a_function_has_one_target(
    machine: TimeMachine, rollway: Rollway
) -> None:
    deployment = await machine.deploy(machine.of_lambda(LAMBDA))

    (target,) = await rollway.targets(deployment.deployment_id)

    assert target == deployment.target


async def test_no_host_has_a_log_of_a_deployment_to_a_function(
    machine: TimeMachine, rollway: Rollway
) -> None:
    deployment = await machine.deploy(machine.of_lambda(LAMBDA))

    with pytest.raises(UnsupportedActionForDeploymentType, match="aws logs tail"):
        async for _ in rollway.log(deployment.deployment_id, "checkout:live"):
            pass
