"""Which instances a fleet has: who registered at the real server, and whom emulated AWS names."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities import search_attributes
from activities.aws import Aws
from activities.directory import DepartureQuestion, Directory, HostQuestion, HostsFound
from codedeploy.commands import host_queue
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.instance import INSTANCE_WORKFLOW, InstanceRegistration
from codedeploy.target_instances import TargetInstances
from tests.activities.balanced_instances import launch
from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import build_fleet, launch_hosts
from tests.scenario import SimulatedHost

EC2_NAME = "i-00000000000000001"
"""An instance that EC2 does not know."""


class Registry:
    """Instances that registered, each with a role that no other test uses.

    Attributes:
        role: The role.
    """

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._entities: dict[str, WorkflowHandle[Any, Any]] = {}
        self.role = f"role-{uuid4().hex[:8]}"

    async def add(self, name: str, **tags: str) -> None:
        """Register an instance as its agent does, and wait until lists have it."""
        listed = [f"{key}={value}" for key, value in ({"role": self.role} | tags).items()]
        attributes = [SearchAttributePair(search_attributes.TAGS, listed)]
        # Nobody works on this queue: what the entity itself does is not needed here.
        entity = await self._temporal.start_workflow(
            INSTANCE_WORKFLOW,
            InstanceRegistration(name=name),
            id=f"instance/{name}",
            task_queue="nobody",
            search_attributes=TypedSearchAttributes(attributes),
        )
        self._entities[name] = entity
        directory = Directory(self._temporal)
        while name not in [host.name for host in await directory.hosts()]:
            await asyncio.sleep(0.05)

    async def remove(self, name: str) -> None:
        """Forget an instance."""
        await self._entities.pop(name).terminate()

    async def clear(self) -> None:
        """Forget all of them, and wait until lists have none of them."""
        names = {*self._entities}
        for name in names:
            await self.remove(name)
        directory = Directory(self._temporal)
        while names & {host.name for host in await directory.hosts()}:
            await asyncio.sleep(0.05)


@pytest.fixture
async def registry(temporal: Client) -> AsyncIterator[Registry]:
    registry = Registry(temporal)
    yield registry
    await registry.clear()


@pytest.fixture
def directory(temporal: Client, clients: Aws) -> Directory:
    return Directory(temporal, clients)


def group(**members: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members)


async def find(directory: Directory, fleet: DeploymentGroup, **members: Any) -> HostsFound:
    question = HostQuestion(group=fleet, **members)
    return await ActivityEnvironment().run(directory.find_hosts, question)


def zones(found: HostsFound) -> dict[str, str]:
    return {host.name: host.zone for host in found.hosts}


async def test_on_premises_instances_are_found_by_what_they_registered_with(
    directory: Directory, registry: Registry
) -> None:
    await registry.add("cellar-2", zone="b")
    await registry.add("cellar-1", stage="test")
    role = {"Key": "role", "Value": registry.role}

    found = await find(directory, group(onPremisesInstanceTagFilters=[role]))

    assert list(zones(found).items()) == [("cellar-1", ""), ("cellar-2", "b")]


async def test_ec2_filters_mean_instances_of_ec2_and_others(
    aws: Emulator, directory: Directory, registry: Registry
) -> None:
    (launched,) = launch_hosts(aws, 1, tags={"role": registry.role})
    await registry.add(EC2_NAME)
    await registry.add("cellar-1", zone="b")
    role = {"Key": "role", "Value": registry.role}

    found = await find(directory, group(ec2TagFilters=[role]))

    assert zones(found) == {"cellar-1": "b", launched: "us-east-1a"}


async def test_without_a_region_instances_of_ec2_are_what_they_registered_as(
    directory: Directory, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    await registry.add(EC2_NAME, zone="c")
    role = {"Key": "role", "Value": registry.role}

    found = await find(directory, group(ec2TagFilters=[role]))

    assert zones(found) == {EC2_NAME: "c"}


async def test_who_never_registered_is_found_and_silent(
    aws: Emulator, directory: Directory, registry: Registry
) -> None:
    known, unknown = launch_hosts(aws, 2, tags={"role": registry.role})
    await registry.add(known)
    role = {"Key": "role", "Value": registry.role}

    found = await find(directory, group(ec2TagFilters=[role]))

    assert sorted(zones(found)) == sorted(found.silent) == sorted([known, unknown])
    assert found.unregistered == (unknown,)


async def test_whose_agent_asks_for_work_is_not_silent(
    aws: Emulator, directory: Directory, registry: Registry, temporal: Client
) -> None:
    awake, silent = launch_hosts(aws, 2, tags={"role": registry.role})
    role = {"Key": "role", "Value": registry.role}
    fleet = group(ec2TagFilters=[role])

    async with Worker(
        temporal, task_queue=host_queue(awake), activities=[SimulatedHost(awake, {}).run]
    ):
        while (await directory.last_seen([awake]))[awake] is None:
            await asyncio.sleep(0.05)
        found = await find(directory, fleet)

    assert found.silent == (silent,)


async def test_members_of_an_auto_scaling_group_are_found(
    aws: Emulator, directory: Directory
) -> None:
    site = build_fleet(aws, FleetPlan(target_groups=0))

    found = await find(directory, group(autoScalingGroups=["web"]))

    assert zones(found) == {one.id: one.zone for one in site.instances()}


async def test_who_is_held_is_found(directory: Directory, registry: Registry) -> None:
    await registry.add("cellar-1", zone="b")

    found = await find(directory, group(), held=("cellar-1", EC2_NAME))

    assert zones(found) == {"cellar-1": "b", EC2_NAME: ""}


async def test_who_looks_for_instances_is_alive(directory: Directory) -> None:
    environment, beats = ActivityEnvironment(), list[tuple[Any, ...]]()
    environment.on_heartbeat = lambda *details: beats.append(details)

    await environment.run(directory.find_hosts, HostQuestion(group=group()))

    assert beats


async def test_target_instances_are_found_in_the_place_of_the_groups_own(
    aws: Emulator, directory: Directory, registry: Registry
) -> None:
    await registry.add("blue-1", color="blue")
    await registry.add("green-1", color=registry.role)
    role = {"Key": "role", "Value": registry.role}
    color = {"Key": "color", "Value": registry.role}
    (launched,) = launch_hosts(aws, 1, tags={"color": registry.role})
    green = TargetInstances.model_validate({"tagFilters": [color]})

    found = await find(
        directory, group(onPremisesInstanceTagFilters=[role]), target_instances=green
    )

    assert list(zones(found)) == ["green-1", launched]


# --- what became of instances


async def departed(directory: Directory, *names: str) -> dict[str, str]:
    return await ActivityEnvironment().run(directory.find_departed, DepartureQuestion(names=names))


async def test_an_instance_that_runs_and_is_registered_has_not_departed(
    aws: Emulator, directory: Directory, registry: Registry
) -> None:
    (launched,) = launch(aws, 1)
    await registry.add(launched)
    await registry.add("cellar-1")

    assert await departed(directory, launched, "cellar-1") == {}


async def test_why_instances_of_ec2_have_departed(aws: Emulator, directory: Directory) -> None:
    stopped, bare = launch(aws, 2)
    aws.client("ec2").stop_instances(InstanceIds=[stopped])

    reasons = await departed(directory, stopped, bare, EC2_NAME)

    assert reasons[stopped].startswith("EC2 says that it is stopped (User initiated")
    assert bare not in reasons
    assert reasons[EC2_NAME].startswith("EC2 does not know it")


async def test_whoever_may_serve_has_not_departed_for_being_deregistered(
    directory: Directory, registry: Registry
) -> None:
    await registry.add("cellar-1")
    await registry.remove("cellar-1")
    question = DepartureQuestion(names=("cellar-1", EC2_NAME), must_run_no_more=True)

    reasons = await ActivityEnvironment().run(directory.find_departed, question)

    assert list(reasons) == [EC2_NAME]


async def test_an_instance_that_was_deregistered_has_departed(
    directory: Directory, registry: Registry
) -> None:
    await registry.add("cellar-1")
    await registry.remove("cellar-1")

    assert await departed(directory, "cellar-1") == {"cellar-1": "it was deregistered"}
