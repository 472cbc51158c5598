"""Copies of Auto Scaling groups for which AWS refuses a step, has no time, or takes too long."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from codedeploy.deployment import DeploymentInfo
from tests.copied_fleets import copying
from tests.workflows.fake_fleets import FakeGroup
from tests.workflows.fleet_machine import BLUE, GREEN, FleetMachine, fleet_machine
from tests.workflows.impatience import Impatience
from workflows.deployment import DeploymentWorkflow

HOUR = timedelta(hours=1)
TIME_TO_TELL = timedelta(seconds=10)


@pytest.fixture
async def machine() -> AsyncIterator[FleetMachine]:
    async with fleet_machine() as running:
        yield running


def assert_all_is_as_before(machine: FleetMachine, deployment: DeploymentInfo) -> None:
    assert (deployment.status, deployment.undo_problems) == ("Failed", ())
    assert machine.fleets.groups == {"web": FakeGroup([*BLUE], is_attached=True, is_hooked=True)}
    assert machine.fleets.serving == {*BLUE}
    assert machine.fleets.fewest == 2


@pytest.mark.parametrize(
    ("action", "of"),
    [
        ("repair_lifecycle_hooks", ""),
        ("replace_other_instances", ""),
        ("attach_load_balancers", ""),
        ("suspend_processes", "web"),
    ],
)
async def test_a_step_that_is_denied_puts_everything_back(
    machine: FleetMachine, action: str, of: str
) -> None:
    machine.fleets.refuse(action, of=of)

    deployment = await machine.deploy(machine.order(**copying()))

    assert_all_is_as_before(machine, deployment)
    assert deployment.error_information is not None
    assert deployment.error_information.code == "IAM_ROLE_PERMISSIONS"
    assert [machine.hosts[name].runs for name in BLUE] == [[], []]


async def test_a_copy_that_is_not_in_service_within_an_hour_is_deleted() -> None:
    impatience = Impatience("await_auto_scaling_group", limit=TIME_TO_TELL)
    async with fleet_machine(impatience) as machine:
        machine.fleets.be_silent("await_auto_scaling_group")
        order = machine.order(**copying())
        deployment = await machine.deploy(order)

    assert impatience.asked[0] == HOUR
    assert_all_is_as_before(machine, deployment)
    assert deployment.error_information is not None
    assert deployment.error_information.code == "TIMEOUT"
    assert deployment.error_information.message == (
        f"CodeDeploy_prod_{order.deployment_id} had no 2 instances in service within 60 min. 0 of "
        "2 are in service. Look at its activity history, correct the launch template, and deploy "
        "again."
    )


async def test_a_copy_is_deployed_to_even_if_agents_are_waited_for_in_vain() -> None:
    impatience = Impatience("await_agents")
    async with fleet_machine(impatience) as machine:
        machine.fleets.be_silent("await_agents")
        order = machine.order(agentTimeoutSeconds=2 * 3600, **copying())
        deployment = await machine.deploy(order)

    assert impatience.asked[0] == 3 * HOUR
    assert deployment.status == "Succeeded", deployment.error_information
    assert machine.fleets.serving == {*GREEN}


async def test_throttling_does_not_fail_a_deployment_that_is_under_way(
    machine: FleetMachine,
) -> None:
    machine.hosts["i-g1"].doing["AfterAllowTraffic"] = lambda _: machine.fleets.be_busy(
        "look_at_auto_scaling_groups", times=60
    )

    deployment = await machine.deploy(machine.order(**copying()))

    assert deployment.status == "Succeeded", deployment.error_information


async def test_alarms_that_will_not_start_the_policies_of_the_copy_are_told(
    machine: FleetMachine,
) -> None:
    machine.fleets.alarms = {"grow": ("busy", "very-busy")}

    running = await machine.start(machine.order(**copying()))
    deployment = await machine.ended(running)

    told = (
        "busy, very-busy will not start the scaling policy grow of the copy of web: add that "
        "policy to the actions of the alarm when the copy serves"
    )
    plan = await running.query(DeploymentWorkflow.plan)
    assert plan is not None
    assert told in plan.warnings
    assert f"{told}." in deployment.deployment_status_messages


async def test_instances_that_are_held_are_no_part_of_the_fleet_that_is_replaced(
    machine: FleetMachine,
) -> None:
    machine.fleets.groups["green"] = FakeGroup([*GREEN])
    rules = copying("KEEP_ALIVE")
    rules["blueGreenDeploymentConfiguration"]["greenFleetProvisioningOption"] = {
        "action": "DISCOVER_EXISTING"
    }
    order = machine.order(request={"targetInstances": {"autoScalingGroups": ["green"]}}, **rules)

    deployment = await machine.deploy(order.model_copy(update={"held": ("i-b3",)}))

    assert deployment.status == "Succeeded", deployment.error_information
