"""Lifecycle hooks that cannot be told what becomes of the instances they hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.aws import Aws
from starter.scaling_checks import check_group
from tests.activities.lost_rights import Refusals, without_right
from tests.aws.emulator import Emulator
from tests.scaling_scenario import ScalingScenario

LAUNCHED = "autoscaling"
MISSING = "Allow autoscaling:CompleteLifecycleAction"


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="hooks") as scenario:
        yield scenario


@pytest.fixture
def no_answer(worker_aws: Aws) -> AbstractContextManager[Refusals]:
    """The worker may not tell hooks what becomes of their instances."""
    return without_right(worker_aws, "autoscaling", "CompleteLifecycleAction")


async def asked_again(refusals: Refusals, times: int = 2) -> None:
    """Wait until AWS has refused so often more."""
    wanted = refusals.count + times
    async with asyncio.timeout(20):
        while refusals.count < wanted:
            await asyncio.sleep(0.05)


async def test_an_instance_that_cannot_be_let_in_is_told_of_and_let_in_later(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    await scaling.apply()

    with no_answer as refusals:
        scaling.site.resize(2)
        launches = await scaling.until_unanswered(1)
        await asked_again(refusals)

        assert MISSING in launches.complaint
    await scaling.until_states(InService=2)
    await scaling.until_nobody_is_held()


async def test_the_doctor_says_which_right_is_missing(
    temporal: Client, scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    await scaling.apply()

    with no_answer:
        scaling.site.resize(2)
        # The state waited for: there is no complaint while the hook is told again.
        launches = await scaling.until_unanswered(1)
        info = (await scaling.info()).model_copy(update={"launches": launches})

        assert MISSING in (await check_group(temporal, info)).found


async def test_an_instance_whose_hook_has_no_answer_is_deployed_to_once(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")

    with no_answer as refusals:
        scaling.site.resize(2)
        (waiting,) = (await scaling.until_unanswered(1)).unanswered
        await asked_again(refusals)
    await scaling.until_states(InService=2)

    assert len(scaling.deployments_on(waiting.name)) == 1


async def test_a_launch_has_not_succeeded_before_its_hook_has_its_answer(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")

    with no_answer:
        scaling.site.resize(2)
        (row,) = await scaling.until_listed(1, creator=LAUNCHED)
        launches = await scaling.until_unanswered(1)

        assert (row.status, launches.failures) == ("Failed", 1)
        deployment = await scaling.rollway.deployment(row.deployment_id)
        assert "could not be told CONTINUE" in deployment.deployment_status_messages[0]
    launches = await scaling.until_nobody_is_held()
    assert launches.failures == 0


async def test_after_as_many_as_may_fail_others_are_kept_until_one_has_its_answer(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(launchFailureLimit=1)
    await scaling.deploy("v1")

    with no_answer:
        scaling.site.resize(2)
        await scaling.until_unanswered(1)
        scaling.site.resize(3)
        (kept,) = (await scaling.until_kept(1)).kept

        assert scaling.path(kept.name) == []
    await scaling.until_states(InService=3)
    assert len(scaling.deployments_on(kept.name)) == 1


async def test_an_instance_that_cannot_be_abandoned_is_abandoned_later(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(launchFailureLimit=1)
    await scaling.deploy("v1")
    scaling.failing_revision = "v1"

    with no_answer:
        scaling.site.resize(2)
        (given_up,) = (await scaling.until_unanswered(1)).unanswered
        (row,) = await scaling.until_listed(1, creator=LAUNCHED)
        deployment = await scaling.rollway.deployment(row.deployment_id)

        assert deployment.error_information is not None
        assert deployment.error_information.code == "HEALTH_CONSTRAINTS"
    await scaling.until_kept(1)
    assert given_up.name not in await scaling.until_states(InService=1, Pending_Wait=1)


async def test_a_deployment_that_took_a_kept_one_along_lets_it_in_later(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(launchFailureLimit=1)
    await scaling.deploy("v1")
    scaling.failing_revision = "v1"
    scaling.site.resize(2)
    (kept,) = (await scaling.until_kept(1)).kept

    with no_answer:
        await scaling.deploy("v2")
        await scaling.until_unanswered(1)
    await scaling.until_states(InService=2)

    assert scaling.deployments_on(kept.name) == [scaling.last_id]


async def test_an_instance_that_cannot_be_let_go_is_stopped_once(
    scaling: ScalingScenario, no_answer: AbstractContextManager[Refusals]
) -> None:
    await scaling.of_group(2)
    scaling.with_settings(terminationHookEnabled=True)
    await scaling.deploy("v1", config="AllAtOnce")
    for host in scaling.hosts.values():
        host.runs.clear()

    with no_answer as refusals:
        scaling.site.resize(1)
        (leaving,) = (await scaling.until_unanswered(1)).unanswered
        await asked_again(refusals)
    await scaling.until_states(InService=1)

    assert scaling.path(leaving.name) == ["ApplicationStop"]
