"""Originals of which AWS lets only a part go, or be put back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from codedeploy.deployment import DeploymentInfo
from tests.copied_fleets import copying
from tests.scaling_scenario import BLUE_GREEN
from tests.workflows.fake_fleets import FakeGroup
from tests.workflows.fleet_machine import BLUE, GREEN, FleetMachine, fleet_machine

RULES: dict[str, Any] = {
    "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"},
    "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
}


@pytest.fixture
async def machine() -> AsyncIterator[FleetMachine]:
    """A fleet of the groups `web` and `other`, which the group `green` replaces."""
    async with fleet_machine() as running:
        other = FakeGroup([], is_attached=True, is_hooked=True)
        running.fleets.groups |= {"other": other, "green": FakeGroup([*GREEN])}
        yield running


async def replaced(machine: FleetMachine) -> DeploymentInfo:
    order = machine.order(
        autoScalingGroups=["web", "other"],
        deploymentStyle=BLUE_GREEN,
        blueGreenDeploymentConfiguration=RULES,
        request={"targetInstances": {"autoScalingGroups": ["green"]}},
    )
    return await machine.deploy(order)


async def end_of_original(machine: FleetMachine, deployment: DeploymentInfo) -> str:
    """Return why the original of a deployment could not be let go."""
    assert deployment.status == "Succeeded", deployment.error_information
    with pytest.raises(WorkflowFailureError) as failure:
        await machine.termination(deployment).result()
    return str(failure.value.cause)


async def test_a_group_that_is_not_resumed_keeps_no_other_suspended(machine: FleetMachine) -> None:
    machine.hosts["i-b2"].failing["AfterBlockTraffic"] = "v1"
    machine.fleets.refuse("resume_processes", of="web")

    deployment = await replaced(machine)

    assert machine.fleets.serving == {*BLUE}
    assert machine.fleets.groups["other"].suspended == set()
    (problem,) = deployment.undo_problems
    assert "ScheduledActions of web are still suspended" in problem


async def test_hooks_that_are_not_removed_leave_an_original_no_traffic(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("remove_lifecycle_hooks", of="web")

    why = await end_of_original(machine, await replaced(machine))

    kept = (machine.fleets.groups["web"], machine.fleets.groups["other"])
    assert [(one.is_attached, one.suspended) for one in kept] == [(False, set())] * 2
    assert "remove_lifecycle_hooks of web is denied." in why


async def test_a_group_that_keeps_its_load_balancers_launches_nothing_into_them(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("detach_load_balancers", of="web")

    why = await end_of_original(machine, await replaced(machine))

    web, other = machine.fleets.groups["web"], machine.fleets.groups["other"]
    assert "AddToLoadBalancer" in web.suspended
    assert (other.is_attached, other.suspended) == (False, set())
    assert why.endswith(
        "detach_load_balancers of web is denied. web keeps its load balancers, and its processes "
        "stay suspended. Detach the ones and resume the others by hand."
    )


async def test_a_copy_that_is_not_settled_keeps_no_kept_original_behind_its_load_balancers(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("settle_auto_scaling_group")

    deployment = await machine.deploy(machine.order(**copying("KEEP_ALIVE")))
    why = await end_of_original(machine, deployment)

    web = machine.fleets.groups["web"]
    assert (web.is_attached, web.is_hooked, web.suspended) == (False, False, set())
    assert why.startswith("IAM_ROLE_PERMISSIONS: settle_auto_scaling_group of ")


async def test_a_copy_that_is_not_settled_keeps_its_original_from_being_deleted(
    machine: FleetMachine,
) -> None:
    machine.fleets.refuse("settle_auto_scaling_group")

    deployment = await machine.deploy(machine.order(**copying("TERMINATE")))
    why = await end_of_original(machine, deployment)

    assert "web" in machine.fleets.groups
    assert why.startswith("IAM_ROLE_PERMISSIONS: settle_auto_scaling_group of ")
