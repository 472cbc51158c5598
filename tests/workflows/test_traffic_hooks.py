"""Hook functions that say by a callback what they found, as CodeDeploy's do."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.errors import (
    DeploymentDoesNotExist,
    InvalidLifecycleEventHookExecutionId,
    InvalidLifecycleEventHookExecutionStatus,
    LifecycleEventAlreadyCompleted,
    UnsupportedActionForDeploymentType,
)
from codedeploy.hook import HookReport
from tests.aws.emulator import Emulator
from tests.scenario import Scenario
from tests.traffic_scenario import CANARY, REMEMBERING, LambdaScenario, event_statuses

BEFORE, AFTER = "BeforeAllowTraffic", "AfterAllowTraffic"


@pytest.fixture
def checkout(temporal: Client, control_plane: Path, aws: Emulator) -> LambdaScenario:
    return LambdaScenario(temporal, aws).of(versions=2)


def report(execution: str, status: str = "Succeeded") -> HookReport:
    return HookReport(lifecycle_event_hook_execution_id=execution, status=status)


async def asked(checkout: LambdaScenario, event: str = BEFORE, *, config: str = CANARY) -> str:
    """Start a deployment that asks a function without an answer; return the execution's id."""
    await checkout.remembering(event, "check", source=REMEMBERING).start(2, config=config)
    while not checkout.told:
        await asyncio.sleep(0.05)
    (told,) = checkout.told
    assert told["DeploymentId"] == checkout.last_id
    return told["LifecycleEventHookExecutionId"]


@pytest.mark.parametrize("event", [BEFORE, AFTER])
async def test_a_function_that_calls_back_succeeded_lets_the_deployment_go_on(
    checkout: LambdaScenario, event: str
) -> None:
    execution = await asked(checkout, event, config="AllAtOnce")

    answer = await checkout.rollway.hook_status(checkout.last_id, report(execution))
    deployment = await checkout.ended(checkout.last_id)

    assert answer == execution
    assert deployment.status == "Succeeded"
    assert checkout.points_to == {"2": 1.0}


@pytest.mark.parametrize("event", [BEFORE, AFTER])
async def test_a_function_that_calls_back_failed_puts_the_alias_back(
    checkout: LambdaScenario, event: str
) -> None:
    execution = await asked(checkout, event, config="AllAtOnce")

    await checkout.rollway.hook_status(checkout.last_id, report(execution, "Failed"))
    deployment = await checkout.ended(checkout.last_id)

    assert deployment.status == "Failed"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "HOOK_EXECUTION_FAILURE"
    assert f"The hook function check ({event}) said Failed" in deployment.error_information.message
    assert event_statuses(deployment)[event] == "Failed"
    assert checkout.points_to == {"1": 1.0}


async def test_a_second_callback_is_refused_and_the_first_counts(checkout: LambdaScenario) -> None:
    execution = await asked(checkout)
    await checkout.rollway.hook_status(checkout.last_id, report(execution))

    with pytest.raises(LifecycleEventAlreadyCompleted, match=execution):
        await checkout.rollway.hook_status(checkout.last_id, report(execution, "Failed"))

    deployment = await checkout.until_at(10)
    assert event_statuses(deployment)[BEFORE] == "Succeeded"
    await checkout.stop()


async def test_an_unknown_callback_is_refused_and_the_deployment_goes_on_waiting(
    checkout: LambdaScenario,
) -> None:
    execution = await asked(checkout)

    with pytest.raises(InvalidLifecycleEventHookExecutionId, match=f"Awaited now: {execution}"):
        await checkout.rollway.hook_status(checkout.last_id, report("somebody-elses"))

    await checkout.stop()


async def test_a_verdict_that_is_none_is_refused(checkout: LambdaScenario) -> None:
    execution = await asked(checkout)

    with pytest.raises(InvalidLifecycleEventHookExecutionStatus, match="Succeeded or Failed"):
        await checkout.rollway.hook_status(checkout.last_id, report(execution, "Skipped"))

    await checkout.stop()


async def test_a_callback_after_the_end_is_refused(checkout: LambdaScenario) -> None:
    execution = await asked(checkout)
    await checkout.stop()

    with pytest.raises(LifecycleEventAlreadyCompleted, match=r"has ended \(Stopped\)"):
        await checkout.rollway.hook_status(checkout.last_id, report(execution))


async def test_a_callback_to_a_deployment_that_nobody_knows_is_refused(
    checkout: LambdaScenario,
) -> None:
    with pytest.raises(DeploymentDoesNotExist, match="d-NOTTHERE1"):
        await checkout.rollway.hook_status("d-NOTTHERE1", report("any"))


async def test_a_callback_to_a_deployment_to_servers_is_refused(fleet: Scenario) -> None:
    await fleet.of("a")
    gate = fleet.holding("a", at="ApplicationStart")
    deployment_id = await fleet.start("v1")

    with pytest.raises(UnsupportedActionForDeploymentType, match="scripts and no hook functions"):
        await fleet.rollway.hook_status(deployment_id, report("any"))

    gate.set()
    await fleet.ended(deployment_id)
