"""Processes of Auto Scaling groups that are suspended while their instances are deployed to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.deployment import InterventionRequest
from codedeploy.errors import InvalidAutoScalingGroupProcessToSuspend
from tests.aws.emulator import Emulator
from tests.scaling_scenario import BLUE_GREEN, ScalingScenario
from tests.workflows.fake_fleets import FakeGroup
from tests.workflows.fleet_machine import FleetMachine, fleet_machine

NAMED = {"autoScalingGroupProcessesToSuspend": ["Terminate", "AZRebalance"]}
OPTIONS: dict[str, Any] = {"ec2DeploymentOptions": NAMED}


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="suspended") as scenario:
        await scenario.of_group(1)
        yield scenario


@pytest.fixture
async def machine() -> AsyncIterator[FleetMachine]:
    async with fleet_machine() as running:
        running.fleets.groups["other"] = FakeGroup([])
        yield running


def suspended(scaling: ScalingScenario) -> set[str]:
    return {one["ProcessName"] for one in scaling.site.described()["SuspendedProcesses"]}


async def held(scaling: ScalingScenario, **members: Any) -> str:
    """Start a deployment; return its only host, which stays in an event."""
    (name,) = scaling.hosts
    scaling.holding(name, at="Install")
    await scaling.start("v1", config="AllAtOnce", **members)
    await scaling.hosts[name].is_held.wait()
    return name


async def test_processes_are_suspended_while_hosts_are_deployed_to(
    scaling: ScalingScenario,
) -> None:
    name = await held(scaling.with_settings(**OPTIONS))
    meanwhile = suspended(scaling)

    event = scaling.hosts[name].holding
    assert event is not None
    event.set()
    deployment = await scaling.ended(scaling.last_id)

    assert deployment.status == "Succeeded", deployment.error_information
    assert meanwhile == {"Terminate", "AZRebalance"}
    assert suspended(scaling) == set()


async def test_processes_are_resumed_after_a_failure(scaling: ScalingScenario) -> None:
    (name,) = scaling.hosts
    scaling.with_settings(**OPTIONS).failing(name, at="ValidateService", with_revision="v1")

    deployment = await scaling.deploy("v1", config="AllAtOnce")

    assert (deployment.status, deployment.undo_problems) == ("Failed", ())
    assert suspended(scaling) == set()


async def test_processes_are_resumed_after_a_stop(scaling: ScalingScenario) -> None:
    await held(scaling.with_settings(**OPTIONS))
    meanwhile = suspended(scaling)

    await scaling.rollway.intervene(scaling.last_id, "stop", InterventionRequest())
    deployment = await scaling.ended(scaling.last_id)

    assert (deployment.status, deployment.undo_problems) == ("Stopped", ())
    assert meanwhile == {"Terminate", "AZRebalance"}
    assert suspended(scaling) == set()


async def test_what_somebody_else_has_suspended_stays_so(
    scaling: ScalingScenario, aws: Emulator
) -> None:
    aws.client("autoscaling").suspend_processes(
        AutoScalingGroupName=scaling.site.group, ScalingProcesses=["AZRebalance"]
    )

    await scaling.with_settings(**OPTIONS).deploy("v1", config="AllAtOnce")

    assert suspended(scaling) == {"AZRebalance"}


async def test_one_deployment_may_suspend_others_than_its_group(scaling: ScalingScenario) -> None:
    named = {"autoScalingGroupProcessesToSuspend": ["InstanceRefresh"]}

    await held(scaling.with_settings(**OPTIONS), ec2DeploymentOptions=named)

    assert suspended(scaling) == {"InstanceRefresh"}


async def test_a_deployment_that_replaces_a_fleet_suspends_none_that_is_named(
    scaling: ScalingScenario,
) -> None:
    rules = {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}}
    scaling.with_settings(deploymentStyle=BLUE_GREEN, blueGreenDeploymentConfiguration=rules)

    with pytest.raises(InvalidAutoScalingGroupProcessToSuspend, match="Leave it out"):
        await scaling.start("v1", ec2DeploymentOptions=NAMED)


# --- AWS refuses


BOTH: dict[str, Any] = OPTIONS | {"autoScalingGroups": ["web", "other"], "loadBalancerInfo": None}


async def test_where_processes_cannot_be_suspended_nothing_is_touched(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("suspend_processes", of="other")

    deployment = await machine.deploy(machine.order(**BOTH))

    assert deployment.status == "Failed"
    assert [host.runs for host in machine.hosts.values()] == [[], [], [], []]
    assert machine.fleets.groups["web"].suspended == set()


async def test_a_group_that_cannot_be_resumed_keeps_no_other_suspended(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("resume_processes", of="web")

    await machine.deploy(machine.order(**BOTH))

    assert machine.fleets.groups["web"].suspended == {"Terminate", "AZRebalance"}
    assert machine.fleets.groups["other"].suspended == set()


async def test_a_deployment_that_went_well_fails_if_processes_stay_suspended(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("resume_processes")

    deployment = await machine.deploy(machine.order(**BOTH))

    assert deployment.status == "Failed"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "IAM_ROLE_PERMISSIONS"
    assert deployment.error_information.message == (
        "Terminate, AZRebalance of web are still suspended: resume_processes of web is denied. "
        "Resume them by hand. "
        "Terminate, AZRebalance of other are still suspended: resume_processes of other is denied. "
        "Resume them by hand."
    )


async def test_a_deployment_that_failed_names_the_groups_whose_processes_stay_suspended(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("resume_processes")
    for host in machine.hosts.values():
        host.failing["Install"] = "v1"

    deployment = await machine.deploy(machine.order(**BOTH))

    assert deployment.error_information is not None
    assert deployment.error_information.code == "HEALTH_CONSTRAINTS"
    assert [problem.partition(" are ")[0] for problem in deployment.undo_problems] == [
        "Terminate, AZRebalance of web",
        "Terminate, AZRebalance of other",
    ]
