"""Whose turn it is when two things happen to a group at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateHandle, WorkflowUpdateStage

from codedeploy.configs import PREDEFINED
from codedeploy.deployment import DeploymentInfo
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.hook import HookReport
from codedeploy.identifiers import group_workflow_id
from tests.workflows.held_workflows import DEPLOYING, HeldWorkflows, let_go, until_held
from tests.workflows.time_machine import TimeMachine, time_machine
from workflows.deployment import DeploymentWorkflow
from workflows.deployment_group import DeploymentGroupWorkflow
from workflows.options import CONTROL_QUEUE

Creation = WorkflowUpdateHandle[str]
AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"
LONG = 20
"""Seconds in which a deployment gets its turn, if it ever does."""


class HeldGroup:
    """A group of a function, which is held before it starts a deployment.

    A deployment lasts until its hook has a verdict.
    """

    def __init__(self, machine: TimeMachine) -> None:
        self.machine = machine
        self.entity: WorkflowHandle[Any, None]

    async def defined(self, queue_policy: str, *, config: str = AT_ONCE) -> Self:
        """Let there be a group of that policy, and requests that name a configuration."""
        self.order = self.machine.of_lambda(
            config,
            {"BeforeAllowTraffic": "check"},
            queuePolicy=queue_policy,
        )
        group = self.order.group
        self.entity = await self.machine.client.start_workflow(
            DeploymentGroupWorkflow.run,
            DeploymentGroupInfo(group=group, deployment_group_id="g"),
            id=group_workflow_id(group.application_name, group.deployment_group_name),
            task_queue=CONTROL_QUEUE,
        )
        return self

    async def asked(self) -> Creation:
        """Ask for a deployment, whose start is held then."""
        creation = await self.entity.start_update(
            DeploymentGroupWorkflow.create_deployment,
            self.order.request,
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
        )
        await until_held(self.entity, DEPLOYING)
        return creation

    async def asked_with_key(self, key: str) -> Creation:
        """Ask for a deployment, whose start is not held."""
        return await self.entity.start_update(
            DeploymentGroupWorkflow.create_deployment,
            self.order.request.model_copy(update={"idempotency_key": key}),
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
        )

    async def started(self, creation: Creation) -> str:
        """Let a deployment that was asked for start, and return its id."""
        await let_go(self.entity, DEPLOYING)
        return await creation.result()

    async def end(self, deployment_id: str) -> None:
        """Let a deployment succeed, and wait until it has lost the lock."""
        asking = await self.until(deployment_id, lambda info: bool(info.target and info.wait))
        assert asking.wait is not None
        execution = asking.wait.reason.rpartition(" ")[2]
        await self._running(deployment_id).execute_update(
            DeploymentWorkflow.put_lifecycle_event_hook_execution_status,
            HookReport(lifecycle_event_hook_execution_id=execution, status="Succeeded"),
        )
        while (await self.entity.query(DeploymentGroupWorkflow.info)).active == deployment_id:
            await asyncio.sleep(0.02)

    async def until(
        self, deployment_id: str, condition: Callable[[DeploymentInfo], bool]
    ) -> DeploymentInfo:
        """Wait until a deployment is as `condition` says, if it ever is."""
        looking = self.machine.until(self._running(deployment_id), condition)
        return await asyncio.wait_for(looking, LONG)

    def _running(self, deployment_id: str) -> WorkflowHandle[DeploymentWorkflow, DeploymentInfo]:
        client = self.machine.client
        return client.get_workflow_handle_for(DeploymentWorkflow.run, deployment_id)


@pytest.fixture
async def machine() -> AsyncIterator[TimeMachine]:
    async with time_machine(HeldWorkflows(DEPLOYING)) as machine:
        yield machine


async def test_who_is_asked_for_while_the_last_one_ends_gets_its_turn(
    machine: TimeMachine,
) -> None:
    group = await HeldGroup(machine).defined("QUEUE")
    first = await group.started(await group.asked())

    creation = await group.asked()
    await group.end(first)
    second = await group.started(creation)
    deployment = await group.until(second, lambda info: info.status.is_final)

    assert deployment.status == "Succeeded"


async def test_of_two_that_supersede_at_once_the_newer_one_runs(machine: TimeMachine) -> None:
    group = await HeldGroup(machine).defined("SUPERSEDE")
    first = await group.started(await group.asked())

    creations = [await group.asked(), await group.asked()]
    second, third = [await group.started(creation) for creation in creations]
    superseded = [
        await group.until(one, lambda info: info.status.is_final) for one in (first, second)
    ]
    await group.end(third)

    assert [one.status for one in superseded] == ["Stopped", "Stopped"]
    assert superseded[1].error_information is not None
    assert f"superseded by {third}" in superseded[1].error_information.message


async def test_the_same_request_twice_at_once_is_one_deployment() -> None:
    async with time_machine() as machine:
        config = PREDEFINED[AT_ONCE].model_copy(update={"deployment_config_name": "ours"})
        machine.files.configs["ours"] = config
        group = await HeldGroup(machine).defined("REJECT", config="ours")
        looking_up = machine.holding("load_config")

        first = await group.asked_with_key("build-17")
        await looking_up.reached.wait()
        second = await group.asked_with_key("build-17")
        names = {await second.result()}
        looking_up.released.set()
        names.add(await first.result())

        history = (await group.entity.query(DeploymentGroupWorkflow.info)).history
        assert names == {record.deployment_id for record in history}
        assert len(names) == 1
