"""Fleets on EC2 that exist, and replace the one that serves: by their tags, or as they scale."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.deployment import InterventionRequest
from codedeploy.errors import LifecycleHookLimitExceeded
from codedeploy.target_instances import TargetInstances
from tests.activities.hooked_groups import HookedGroup
from tests.aws.emulator import Emulator
from tests.aws.fleet_snapshot import orphans
from tests.existing_fleets import ExistingFleets, replacing
from tests.paths import ALLOW, BLOCK, INSTALL


@pytest.fixture
async def existing(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ExistingFleets]:
    async with ExistingFleets(temporal, tmp_path, aws=aws, name="existing") as scenario:
        yield scenario


async def test_a_tagged_fleet_replaces_another_which_is_terminated(
    existing: ExistingFleets,
) -> None:
    await existing.of_tagged(2)

    deployment = await existing.replace("v1", tag="green")
    await existing.original_ended()

    assert deployment.status == "Succeeded", deployment.error_information
    assert existing.with_traffic == {*existing.green_names}
    assert existing.alive() == {*existing.green_names}
    assert [existing.path(name) for name in existing.green_names] == [INSTALL + ALLOW] * 2
    assert [existing.path(name) for name in existing.blue_names] == [BLOCK] * 2


async def test_a_scaling_group_replaces_another_which_is_deleted(
    existing: ExistingFleets, aws: Emulator
) -> None:
    await existing.of_groups(2)
    green = {*existing.green.in_service()}

    deployment = await existing.replace("v1", group=existing.green.group)
    await existing.original_ended()

    assert deployment.status == "Succeeded", deployment.error_information
    assert existing.with_traffic == green
    assert existing.alive() == green
    found = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["AutoScalingGroupName"] for one in found] == [existing.green.group]
    assert orphans(aws) == []


async def test_a_scaling_group_at_its_hook_limit_replaces_none(existing: ExistingFleets) -> None:
    await existing.of_groups(1)
    await existing.apply()
    await asyncio.to_thread(HookedGroup(existing.green).fill)
    named = TargetInstances(auto_scaling_groups=(existing.green.group,))

    with pytest.raises(LifecycleHookLimitExceeded, match="as many lifecycle hooks as it may"):
        await existing.rollway.plan(existing.request("v1", "AllAtOnce", targetInstances=named))


async def test_the_original_is_kept_for_its_wait_without_traffic(existing: ExistingFleets) -> None:
    await existing.of_tagged(1, **replacing(minutes=60))

    deployment = await existing.replace("v1", tag="green")

    assert deployment.wait is not None
    assert deployment.wait.reason == "the end of the original instances"
    assert deployment.deployment_status_messages == (
        "The 1 original instances are terminated in 60 min.",
    )
    assert existing.with_traffic == {*existing.green_names}
    assert existing.alive() == {*existing.blue_names, *existing.green_names}


async def test_somebody_may_end_the_wait_before_its_time(existing: ExistingFleets) -> None:
    await existing.of_tagged(1, **replacing(minutes=60))
    await existing.replace("v1", tag="green")

    answer = await existing.rollway.continue_deployment(existing.last_id, InterventionRequest())
    await existing.original_ended()

    assert answer == "Continuing: the original instances are terminated now."
    assert existing.alive() == {*existing.green_names}


async def test_the_next_deployment_ends_the_wait_of_the_one_before(
    existing: ExistingFleets,
) -> None:
    await existing.of_tagged(1, **replacing(minutes=60))
    await existing.replace("v1", tag="green")
    third = await existing.launched(1, "third")

    deployment = await existing.replace("v2", tag="third")

    assert deployment.status == "Succeeded", deployment.error_information
    assert existing.with_traffic == {*third}
    assert existing.alive() == {*existing.green_names, *third}


async def test_what_the_replacement_launches_meanwhile_is_deployed_to_before_it_serves(
    existing: ExistingFleets, aws: Emulator
) -> None:
    await existing.of_groups(1)
    (first,) = existing.green.in_service()
    hold = existing.holding(first, at="Install")
    await existing.begin("v1", group=existing.green.group)
    await existing.hosts[first].is_held.wait()
    existing.green.resize(2)
    await existing.until_states(existing.green.group, InService=1, Pending_Wait=1)

    hold.set()
    deployment = await existing.ended(existing.last_id)

    assert deployment.status == "Succeeded", deployment.error_information
    states = await existing.until_states(existing.green.group, InService=2)
    assert [existing.path(name) for name in states] == [INSTALL + ALLOW] * 2
    assert existing.with_traffic == {*states}


async def test_a_replacement_that_fails_keeps_no_hooks(existing: ExistingFleets) -> None:
    await existing.of_groups(1)
    (first,) = existing.green.in_service()
    existing.failing(first, at="ValidateService", with_revision="v1")

    deployment = await existing.replace("v1", group=existing.green.group)
    existing.green.resize(2)

    assert (deployment.status, deployment.undo_problems) == ("Failed", ())
    await existing.until_states(existing.green.group, InService=2)
