"""Deployments to Auto Scaling groups on the time-skipping test server: hours pass in no time.

async with fleet_machine() as machine:
    machine.fleets.refuse("attach_load_balancers")
    deployment = await machine.deploy(machine.order(**copying()))
    assert machine.fleets.serving == {*BLUE}
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Interceptor, Worker

from activities.deployments import Deployments
from codedeploy.commands import host_queue
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.identifiers import termination_workflow_id
from codedeploy.revision import LocalLocation, Revision, RevisionType
from tests.scenario import SimulatedHost
from tests.workflows.fake_aws import FakeAlarms
from tests.workflows.fake_fleets import FakeFleets
from tests.workflows.time_machine import skipping_server
from workflows import registry
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

BLUE, GREEN = ("i-b1", "i-b2"), ("i-g1", "i-g2")
REVISION = Revision(
    revision_type=RevisionType.LOCAL, local_location=LocalLocation(location="/revisions/v1")
)
Running = WorkflowHandle[Any, DeploymentInfo]


class FleetMachine:
    """A control plane and hosts whose AWS is in memory, and whose time is skipped.

    Attributes:
        fleets: The Auto Scaling group `web` of two instances that serve.
        hosts: By name; those of `BLUE`, and of `GREEN`, which a copy launches.
    """

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment
        self.fleets = FakeFleets(BLUE, GREEN)
        self.alarms = FakeAlarms()
        self.hosts = {name: SimulatedHost(name, {}) for name in (*BLUE, *GREEN)}

    @property
    def client(self) -> Client:
        """A client of the test server."""
        return self._environment.client

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What the control plane can do."""
        deployments = Deployments(self.client)
        return [
            *(self.alarms.look, self.alarms.watch),
            *(deployments.cancel, deployments.finish_termination),
            *self.fleets.activities,
        ]

    def order(self, *, request: dict[str, Any] | None = None, **settings: Any) -> DeploymentOrder:
        """Return an order to deploy v1 to the group, which has these settings, all at once."""
        names = {"applicationName": "shop", "deploymentGroupName": "prod"}
        balancer = {"targetGroupInfoList": [{"name": "web"}]}
        group = {"autoScalingGroups": ["web"], "loadBalancerInfo": balancer} | settings
        members = {"deploymentConfigName": "CodeDeployDefault.AllAtOnce", "revision": REVISION}
        return DeploymentOrder(
            deployment_id=f"d-{uuid4().hex[:9].upper()}",
            request=DeploymentRequest.model_validate(names | members | (request or {})),
            group=DeploymentGroup.model_validate(names | group),
            deployment_group_id="g",
            create_time=datetime.now(UTC),
        )

    async def deploy(self, order: DeploymentOrder) -> DeploymentInfo:
        """Carry an order out, and return the deployment as it ended."""
        return await self.ended(await self.start(order))

    async def start(self, order: DeploymentOrder) -> Running:
        """Start a deployment; time does not skip before somebody waits."""
        return await self.client.start_workflow(
            DeploymentWorkflow.run, order, id=order.deployment_id, task_queue=CONTROL_QUEUE
        )

    async def ended(self, running: Running) -> DeploymentInfo:
        """Skip to the end of a deployment."""
        with suppress(WorkflowFailureError):
            await running.result()
        return await running.query(DeploymentWorkflow.info)

    async def until(
        self, running: Running, condition: Callable[[DeploymentInfo], bool]
    ) -> DeploymentInfo:
        """Wait, skipping nothing, until a deployment is as `condition` says."""
        while not condition(info := await running.query(DeploymentWorkflow.info)):
            await asyncio.sleep(0.02)
        return info

    def termination(self, deployment: DeploymentInfo) -> WorkflowHandle[Any, None]:
        """What ends the original of a deployment that succeeded."""
        return self.client.get_workflow_handle(termination_workflow_id(deployment.deployment_id))


@asynccontextmanager
async def fleet_machine(*interceptors: Interceptor) -> AsyncIterator[FleetMachine]:
    """Run a test server, a worker and the agents for the length of the block."""
    async with skipping_server() as environment, AsyncExitStack() as running:
        machine = FleetMachine(environment)
        control = Worker(
            environment.client,
            task_queue=CONTROL_QUEUE,
            workflows=registry.ALL,
            workflow_runner=registry.runner(),
            activities=machine.activities,
            interceptors=interceptors,
        )
        agents = [
            Worker(environment.client, task_queue=host_queue(host.name), activities=[host.run])
            for host in machine.hosts.values()
        ]
        for worker in (control, *agents):
            await running.enter_async_context(worker)
        yield machine
