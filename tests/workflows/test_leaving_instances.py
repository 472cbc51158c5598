"""Instances on their way out of Auto Scaling groups: stopped, and let go whatever comes of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo
from tests.aws.emulator import Emulator
from tests.scaling_scenario import BEHIND, ScalingScenario

LEAVING = "autoscalingTermination"


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="leaving") as scenario:
        yield scenario


async def behind_load_balancers(scaling: ScalingScenario) -> None:
    """Deploy to two instances that are deployed to before they leave, too."""
    await scaling.of_group(2)
    scaling.with_settings(terminationHookEnabled=True, deploymentStyle=BEHIND)
    await scaling.deploy("v1", config="AllAtOnce")


async def one_has_left(scaling: ScalingScenario) -> tuple[DeploymentInfo, dict[str, str]]:
    """Let one instance go; return the deployment to it, and how each of its events ended."""
    scaling.site.resize(1)
    (row,) = await scaling.until_listed(1, creator=LEAVING)
    await scaling.until_states(InService=1)
    deployment = await scaling.rollway.deployment(row.deployment_id)
    (target,) = await scaling.rollway.targets(row.deployment_id)
    events = {one.lifecycle_event_name.value: one.status.value for one in target.events}
    return deployment, events


async def test_a_leaving_instance_is_stopped_before_it_is_terminated(
    scaling: ScalingScenario,
) -> None:
    await scaling.of_group(2)
    scaling.with_settings(terminationHookEnabled=True)
    await scaling.deploy("v1", config="AllAtOnce")
    for host in scaling.hosts.values():
        host.runs.clear()

    scaling.site.resize(1)
    (row,) = await scaling.until_listed(1, creator="autoscalingTermination")
    states = await scaling.until_states(InService=1)

    (gone,) = {*scaling.hosts} - {*states}
    assert row.status == "Succeeded"
    assert scaling.path(gone) == ["ApplicationStop"]


async def test_an_instance_that_was_terminated_is_forgotten(scaling: ScalingScenario) -> None:
    await scaling.of_group(2)
    scaling.with_settings(terminationHookEnabled=True)
    await scaling.deploy("v1", config="AllAtOnce")

    scaling.site.resize(1)
    states = await scaling.until_states(InService=1)

    (gone,) = {*scaling.hosts} - {*states}
    await scaling.until_forgotten(gone)


async def test_behind_a_load_balancer_it_gets_no_traffic_any_more_before_it_is_stopped(
    scaling: ScalingScenario,
) -> None:
    await behind_load_balancers(scaling)

    deployment, events = await one_has_left(scaling)

    assert deployment.status == "Succeeded"
    assert events == dict.fromkeys(
        ("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic", "ApplicationStop"), "Succeeded"
    )
    served = scaling.site.targets(scaling.site.target_groups[0])
    assert served == dict.fromkeys(scaling.site.in_service(), "healthy")


async def test_an_instance_that_cannot_be_stopped_leaves_all_the_same(
    scaling: ScalingScenario,
) -> None:
    await behind_load_balancers(scaling)
    for host in scaling.hosts.values():
        host.failing["AfterBlockTraffic"] = "v1"

    deployment, events = await one_has_left(scaling)

    assert deployment.status == "Failed"
    assert events["AfterBlockTraffic"] == "Failed"
    assert "may leave" in deployment.deployment_status_messages[0]
    assert (await scaling.info()).launches.failures == 0
