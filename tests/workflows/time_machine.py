"""Deployments that move traffic, on the time-skipping test server: hours pass in no time.

order = machine.of_lambda("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
deployment = await machine.deploy(order)
assert deployment.traffic.moves[1].time == ...
"""

import asyncio
import shutil
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Interceptor, Worker

from activities import search_attributes
from activities.alarms import Alarms
from activities.deployments import Deployments
from codedeploy.deployment import DeploymentInfo, InterventionRequest
from codedeploy.identifiers import termination_workflow_id
from codedeploy.lambda_alias import AliasState
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult
from codedeploy.steering import Verb
from tests.workflows.fake_aws import (
    FakeAlarms,
    FakeFiles,
    FakeFunctions,
    FakeServices,
    ServiceState,
    Told,
)
from tests.workflows.fake_servers import BLUE_GREEN, REPLACEMENT, FakeServers
from tests.workflows.held_activities import HeldActivities, Hold
from tests.workflows.orders import appspec, order, waits
from workflows import registry
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

Running = WorkflowHandle[Any, DeploymentInfo]

LOST_TASK = timedelta(seconds=3)
"""The server may give a task to a worker that has just gone; so long it waits for the answer."""

FUNCTION = {"Alias": "live", "CurrentVersion": 1, "TargetVersion": 2}
SERVICE = {
    "TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2",
    "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
}


class TimeMachine:
    """A control plane whose AWS is in memory and whose time is skipped while nothing happens.

    Args:
        environment: With the test server.
        interceptors: Of workflows.
        forgets: Whether workflows are kept in no memory, so that another worker takes over at
            once. The test server has them begin with an update that comes later, then.
        cloudwatch: Real alarms, in the place of those in memory.
    """

    def __init__(
        self,
        environment: WorkflowEnvironment,
        *interceptors: Interceptor,
        forgets: bool = False,
        cloudwatch: Alarms | None = None,
    ) -> None:
        self._forgets = forgets
        self._environment = environment
        self._interceptors = interceptors
        self._held = HeldActivities()
        self._workers = AsyncExitStack()
        self.files, self.functions, self.services = FakeFiles(), FakeFunctions(), FakeServices()
        self.alarms, self.servers = FakeAlarms(), FakeServers()
        self._cloudwatch = cloudwatch or self.alarms

    @property
    def client(self) -> Client:
        """A client of the test server."""
        return self._environment.client

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What the control plane can do."""
        files, functions, services = self.files, self.functions, self.services
        alarms, servers, deployments = self._cloudwatch, self.servers, Deployments(self.client)
        return [
            *(files.load_config, files.pin_appspec),
            *(functions.look_at_alias, functions.route_alias, functions.call_hook),
            *(services.look_at_service, services.create_replacement, services.await_steady_state),
            *(services.make_task_set_primary, services.delete_task_set, services.route_listener),
            *(alarms.look, alarms.watch),
            *(servers.pin, servers.find_hosts, servers.look_at_load_balancers),
            servers.block_traffic,
            *(deployments.cancel, deployments.load_plan, deployments.finish_termination),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry out activities and workflows for the length of the block."""
        async with Worker(
            self.client,
            task_queue=CONTROL_QUEUE,
            activities=self.activities,
            interceptors=[self._held],
        ):
            await self._take_workflows_up()
            try:
                yield
            finally:
                await self._workers.aclose()

    async def _take_workflows_up(self) -> None:
        """Let a worker carry workflows on."""
        await self._workers.enter_async_context(
            Worker(
                self.client,
                task_queue=CONTROL_QUEUE,
                workflows=registry.ALL,
                workflow_runner=registry.runner(),
                max_cached_workflows=0 if self._forgets else 1000,
                interceptors=self._interceptors,
                max_concurrent_workflow_task_polls=1 if self._forgets else 5,
            )
        )

    # --- given

    def holding(self, activity: str, *, ahead: int = 0) -> Hold:
        """Hold a call of an activity, when so many have been let through."""
        return self._held.holds.setdefault(activity, Hold(ahead))

    def of_lambda(self, config: str, *hooks: dict[str, str], **settings: Any) -> DeploymentOrder:
        """Return an order to move the alias of a function of its own."""
        name = f"checkout-{uuid4().hex[:8]}"
        resource = {"Type": "AWS::Lambda::Function", "Properties": {"Name": name, **FUNCTION}}
        return order(appspec({name: resource}, hooks), config, computePlatform="Lambda", **settings)

    def of_ecs(
        self, config: str, *, ready_wait: int = 0, termination_wait: int = 60, **settings: Any
    ) -> DeploymentOrder:
        """Return an order to replace the tasks of a service of its own; waits are in minutes."""
        name = f"web-{uuid4().hex[:8]}"
        resource = {"Type": "AWS::ECS::Service", "Properties": SERVICE}
        pair = {
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [f"{name}/production"]},
            "testTrafficRoute": {"listenerArns": [f"{name}/test"]},
        }
        return order(
            appspec({"TargetService": resource}, ()),
            config,
            computePlatform="ECS",
            ecsServices=[{"serviceName": name, "clusterName": "main"}],
            loadBalancerInfo={"targetGroupPairInfoList": [pair]},
            blueGreenDeploymentConfiguration=waits(ready_wait, termination_wait),
            **settings,
        )

    def of_servers(self) -> DeploymentOrder:
        """Return an order to put one fleet of servers in the place of another."""
        bundle = {"revisionType": "S3", "s3Location": {"bucket": "shop", "key": "shop.tgz"}}
        placed = order(bundle, "CodeDeployDefault.AllAtOnce", **BLUE_GREEN)
        named = placed.request.model_copy(update={"target_instances": REPLACEMENT})
        return placed.model_copy(update={"request": named})

    # --- when

    async def deploy(self, order: DeploymentOrder) -> DeploymentInfo:
        """Carry an order out, and return the deployment as it ended."""
        return await self.ended(await self.start(order))

    async def deploy_at_once(self, order: DeploymentOrder) -> DeploymentInfo:
        """Carry out an order that waits for nothing; what it leaves behind still waits then."""
        with self._environment.auto_time_skipping_disabled():
            return await self.deploy(order)

    async def start(self, order: DeploymentOrder) -> Running:
        """Start a deployment; time does not skip before somebody waits."""
        return await self.client.start_workflow(
            DeploymentWorkflow.run,
            order,
            id=order.deployment_id,
            task_queue=CONTROL_QUEUE,
            task_timeout=LOST_TASK,
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

    async def tell(self, running: Running, verb: Verb) -> None:
        """Tell a deployment something."""
        await running.execute_update(verb.value, InterventionRequest())

    async def skip(self, span: timedelta) -> None:
        """Let that much time pass."""
        await self._environment.sleep(span)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Let nobody carry workflows on for the length of the block; activities go on."""
        await self._workers.aclose()
        try:
            yield
        finally:
            await self._take_workflows_up()

    async def until_activities_end(self, running: Running) -> None:
        """Wait until no activity of a deployment is under way."""
        while (await running.describe()).raw_description.pending_activities:
            await asyncio.sleep(0.02)

    # --- then

    def shifts(self, deployment: DeploymentInfo) -> list[Told]:
        """What AWS was told to give to the replacement of a deployment, and when."""
        assert deployment.target is not None
        function, _, service = deployment.target.target_id.partition(":")
        told = self.functions.told[function] or self.services.told[service]
        return [call for call in told if call.percent]

    def termination(self, deployment: DeploymentInfo) -> WorkflowHandle[Any, None]:
        """What ends the original task set of a deployment that succeeded."""
        return self.client.get_workflow_handle(termination_workflow_id(deployment.deployment_id))

    def alias(self, deployment: DeploymentInfo) -> AliasState:
        """Where the alias of a deployment points."""
        assert deployment.lambda_function_info is not None
        return self.functions.aliases[deployment.lambda_function_info.function_name]

    def service(self, deployment: DeploymentInfo) -> ServiceState:
        """How the service of a deployment stands."""
        assert deployment.target is not None
        return self.services.states[deployment.target.target_id.partition(":")[2]]


def event(deployment: DeploymentInfo, name: LifecycleEvent) -> LifecycleEventResult:
    assert deployment.target is not None
    (found,) = (one for one in deployment.target.events if one.lifecycle_event_name is name)
    return found


def began(deployment: DeploymentInfo, name: LifecycleEvent) -> datetime:
    found = event(deployment, name).start_time
    assert found is not None
    return found


@asynccontextmanager
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """Run a test server, which skips time, for the length of the block."""
    program = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=program, data_converter=pydantic_data_converter
    ) as environment:
        await _learn_search_attributes(environment.client)
        yield environment


@asynccontextmanager
async def time_machine(
    *interceptors: Interceptor, forgets: bool = False, cloudwatch: Alarms | None = None
) -> AsyncIterator[TimeMachine]:
    """Run a test server and a worker for the length of the block; see `TimeMachine`."""
    async with skipping_server() as environment:
        machine = TimeMachine(environment, *interceptors, forgets=forgets, cloudwatch=cloudwatch)
        async with machine.running():
            yield machine


async def _learn_search_attributes(client: Client) -> None:
    kinds = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in search_attributes.ALL
    }
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
    )
