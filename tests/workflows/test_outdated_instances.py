"""Instances that were launched with an older revision than the others, while that was deployed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from starter.answers import DeploymentRow
from tests.aws.emulator import Emulator
from tests.scaling_scenario import ScalingScenario

LAUNCHED = "autoscaling"


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="outdated") as scenario:
        yield scenario


async def updated(
    scaling: ScalingScenario, *, instances: int = 1, **settings: str
) -> DeploymentRow:
    """Launch one more instance while a second revision is deployed; return what follows."""
    await scaling.of_group(instances)
    scaling.with_settings(**settings)
    await scaling.deploy("v1")
    first = next(iter(scaling.hosts))
    hold = scaling.holding(first, at="Install")
    await scaling.start("v2")
    await scaling.hosts[first].is_held.wait()
    scaling.site.resize(instances + 1)
    await scaling.until_states(InService=instances + 1)
    hold.set()
    (row,) = await scaling.until_listed(1, creator="CodeDeployAutoUpdate")
    return row


async def test_what_is_launched_during_a_deployment_is_brought_up_to_date_after_it(
    scaling: ScalingScenario,
) -> None:
    row = await updated(scaling)

    assert (row.status, row.revision_label) == ("Succeeded", "v2")
    assert [len(scaling.deployments_on(name)) for name in scaling.hosts] == [2, 2]


async def test_the_floor_of_what_follows_counts_those_that_are_up_to_date(
    scaling: ScalingScenario,
) -> None:
    config = "CodeDeployDefault.HalfAtATime"

    row = await updated(scaling, instances=2, deploymentConfigName=config)

    update = await scaling.rollway.deployment(row.deployment_id)
    assert update.status == "Succeeded", update.error_information
    assert (update.fleet_size, update.target_count, update.minimum_healthy) == (3, 1, 2)


async def test_a_deployment_and_the_one_that_follows_it_name_each_other(
    scaling: ScalingScenario,
) -> None:
    row = await updated(scaling)

    root = await scaling.rollway.deployment(scaling.last_id)
    update = await scaling.rollway.deployment(row.deployment_id)
    related = update.related_deployments
    assert related.auto_update_outdated_instances_root_deployment_id == scaling.last_id
    assert root.related_deployments.auto_update_outdated_instances_deployment_ids == (
        row.deployment_id,
    )


async def test_nothing_outdated_is_nothing_to_do(scaling: ScalingScenario) -> None:
    await scaling.of_group(1)
    await scaling.deploy("v1")

    deployment = await scaling.deploy("v1", updateOutdatedInstancesOnly=True)

    assert deployment.status == "Succeeded"
    assert "last good revision" in " ".join(deployment.deployment_status_messages)


async def test_outdated_instances_are_left_alone_if_the_group_says_so(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(1)
    scaling.with_settings(outdatedInstancesStrategy="IGNORE")
    await scaling.deploy("v1")
    (first,) = scaling.hosts
    hold = scaling.holding(first, at="Install")
    await scaling.start("v2")
    await scaling.hosts[first].is_held.wait()

    scaling.site.resize(2)
    await scaling.until_states(InService=2)
    hold.set()
    await scaling.ended(scaling.last_id)

    assert (await scaling.info()).active is None
    rows = await scaling.rollway.deployments(group=f"{scaling.application}/web")
    assert sorted(row.creator for row in rows) == [LAUNCHED, "user", "user"]
