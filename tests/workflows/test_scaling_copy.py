"""Auto Scaling groups that are replaced by copies of themselves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo, InterventionRequest
from codedeploy.errors import RollwayError
from tests.aws.emulator import Emulator
from tests.aws.fleet_snapshot import orphans
from tests.copied_fleets import CopiedFleet, copying
from tests.paths import ALLOW, BLOCK, INSTALL

READY: dict[str, Any] = {
    "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10}
}


@pytest.fixture
async def copied(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[CopiedFleet]:
    async with CopiedFleet(temporal, tmp_path, aws=aws, name="copied") as scenario:
        yield scenario


async def replaced(copied: CopiedFleet, label: str) -> DeploymentInfo:
    """Deploy, and wait until the original is gone, too."""
    deployment = await copied.deploy(label, config="AllAtOnce")
    assert deployment.status == "Succeeded", deployment.error_information
    await copied.original_ended()
    return deployment


# --- it succeeds


async def test_the_copy_serves_and_the_original_is_gone(copied: CopiedFleet, aws: Emulator) -> None:
    await copied.of_copied(2)
    blue = {*copied.hosts}

    await replaced(copied, "v1")

    green = copied.site.in_service(copied.copy_name)
    assert [*copied.groups()] == [copied.copy_name]
    assert copied.site.are_healthy(green)
    assert [copied.path(name) for name in green] == [INSTALL + ALLOW] * 2
    assert [copied.path(name) for name in blue] == [BLOCK] * 2
    assert orphans(aws) == []


async def test_the_copy_is_as_the_original_was(copied: CopiedFleet) -> None:
    await copied.of_copied(2)
    before = copied.groups()[copied.site.group]
    identities = {"instances", "tags"}

    await replaced(copied, "v1")

    after = copied.groups()[copied.copy_name]
    assert {key: value for key, value in after.items() if key not in identities} == {
        key: value for key, value in before.items() if key not in identities
    }


async def test_the_copy_bears_no_marks_of_its_making_but_whose_it_is(copied: CopiedFleet) -> None:
    await copied.of_copied(1)
    before = copied.groups()[copied.site.group]["tags"]

    await replaced(copied, "v1")

    owner = {"rollway:deployment": f"{copied.last_id}, not propagated"}
    assert copied.groups()[copied.copy_name]["tags"] == before | owner


async def test_a_second_deployment_copies_the_copy(copied: CopiedFleet, aws: Emulator) -> None:
    await copied.of_copied(1)
    await replaced(copied, "v1")

    await replaced(copied, "v2")

    assert [*copied.groups()] == [copied.copy_name]
    (green,) = copied.site.in_service(copied.copy_name)
    assert copied.path(green) == INSTALL + ALLOW
    assert copied.site.are_healthy([green])
    assert orphans(aws) == []


async def test_what_the_copy_launches_has_the_revision_before_it_serves(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1)
    await replaced(copied, "v1")
    (first,) = copied.site.in_service(copied.copy_name)

    aws.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=copied.copy_name, DesiredCapacity=2
    )
    states = await copied.until_states(copied.copy_name, InService=2)

    (launched,) = {*states} - {first}
    (row,) = await copied.until_listed(1, creator="autoscaling")
    assert (row.status, row.revision_label) == ("Succeeded", "v1")
    assert copied.path(launched) == INSTALL + ALLOW
    assert copied.site.are_healthy(states)


async def test_an_original_that_is_kept_is_as_before_but_for_traffic_and_hook(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2, **copying("KEEP_ALIVE"))
    blue = {*copied.hosts}
    before = copied.groups()[copied.site.group]

    await replaced(copied, "v1")

    kept = copied.groups()[copied.site.group]
    assert kept == before | {"target groups": [], "lifecycle hooks": {}}
    green = copied.site.in_service(copied.copy_name)
    assert {*green}.isdisjoint(blue)
    assert copied.site.are_healthy(green)
    assert orphans(aws) == []


async def test_a_kept_original_launches_without_us(copied: CopiedFleet) -> None:
    await copied.of_copied(1, **copying("KEEP_ALIVE"))
    await replaced(copied, "v1")

    copied.site.resize(2)

    await copied.until_states(InService=2)
    rows = await copied.rollway.deployments(group=f"{copied.application}/web")
    assert [row.creator for row in rows] == ["user"]


async def test_processes_that_are_suspended_stay_so_on_the_copy(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1)
    aws.client("autoscaling").suspend_processes(
        AutoScalingGroupName=copied.site.group, ScalingProcesses=["AZRebalance", "HealthCheck"]
    )

    await replaced(copied, "v1")

    assert copied.groups()[copied.copy_name]["suspended"] == ["AZRebalance", "HealthCheck"]


async def test_an_instance_that_fails_with_traffic_is_replaced(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2, **copying(**READY))
    await copied.start("v1", config="OneAtATime")
    await copied.until(lambda info: info.status == "Ready")
    good, bad = sorted(copied.site.in_service(copied.copy_name))
    copied.failing(bad, at="AfterAllowTraffic", with_revision="v1")
    await copied.rollway.continue_deployment(copied.last_id, InterventionRequest())

    deployment = await copied.ended(copied.last_id)
    await copied.original_ended()

    assert deployment.status == "Succeeded", deployment.error_information
    states = await copied.until_states(copied.copy_name, InService=2)
    (launched,) = {*states} - {good}
    assert launched != bad
    assert copied.path(launched) == INSTALL + ALLOW
    assert copied.site.are_healthy(states)
    assert orphans(aws) == []


async def test_what_auto_scaling_launches_while_the_copy_waits_is_deployed_to_before_it_serves(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(2, agentTimeoutSeconds=5, **copying(**READY))
    await copied.start("v1", config="AllAtOnce")
    await copied.until(lambda info: info.status == "Ready")
    lost, kept = copied.site.in_service(copied.copy_name)
    await copied.lose(lost)
    (stranger,) = {*await copied.until_states(copied.copy_name, InService=2)} - {kept}

    await copied.rollway.continue_deployment(copied.last_id, InterventionRequest())
    deployment = await copied.ended(copied.last_id)
    await copied.original_ended()

    assert deployment.status == "Succeeded", deployment.error_information
    states = await copied.until_states(copied.copy_name, InService=2)
    assert stranger not in states
    assert [copied.path(name) for name in states] == [INSTALL + ALLOW] * 2
    assert copied.site.are_healthy(states)
    assert orphans(aws) == []


async def test_a_copy_that_is_larger_than_planned_has_the_floor_of_its_size(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_group(2, least=2)
    await copied.with_settings(**copying()).apply()
    with_one_sick(copied, aws)
    await copied.start("v1", config="OneAtATime")
    seen = [info.deployment_overview async for info in copied.rollway.watch(copied.last_id)]

    deployment = await copied.ended(copied.last_id)

    assert deployment.status == "Succeeded", deployment.error_information
    assert (deployment.target_count, deployment.minimum_healthy) == (2, 1)
    assert "The copy has 2 instances, not 1" in " ".join(deployment.deployment_status_messages)
    assert min(count for counts in seen for count in counts.model_dump().values()) == 0
    assert deployment.deployment_overview.succeeded == 2


def with_one_sick(copied: CopiedFleet, aws: Emulator) -> None:
    """Let an instance of the original be unhealthy, and stay so."""
    scaling = aws.client("autoscaling")
    scaling.suspend_processes(
        AutoScalingGroupName=copied.site.group, ScalingProcesses=["ReplaceUnhealthy"]
    )
    scaling.set_instance_health(
        InstanceId=copied.site.in_service()[0],
        HealthStatus="Unhealthy",
        ShouldRespectGracePeriod=False,
    )


# --- it is refused


async def refusal(copied: CopiedFleet) -> tuple[str, str]:
    """Plan a deployment; return why there is no plan."""
    with pytest.raises(RollwayError) as error:
        await copied.plan("v1", "AllAtOnce")
    return error.value.code, error.value.message


async def test_an_auto_scaling_group_that_is_gone_is_refused(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1)
    name = copied.site.group
    scaling = aws.client("autoscaling")
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    while scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        await asyncio.sleep(0)

    code, message = await refusal(copied)

    assert code == "AUTO_SCALING_CONFIGURATION"
    assert f"There is no Auto Scaling group {name}" in message


async def test_an_auto_scaling_group_with_nobody_in_service_is_refused(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1)
    (name,) = copied.hosts
    aws.client("autoscaling").enter_standby(
        InstanceIds=[name],
        AutoScalingGroupName=copied.site.group,
        ShouldDecrementDesiredCapacity=True,
    )

    code, message = await refusal(copied)

    assert code == "NO_INSTANCES"
    assert "is in service (of 1)" in message
