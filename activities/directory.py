"""Finding instances and configurations: entities that other workflows keep, and AWS names."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities import search_attributes
from activities.aws import Aws
from activities.fleet_members import FleetMembers
from activities.liveness import alive, on_own_thread
from activities.translation import not_found
from activities.whereabouts import Whereabouts
from codedeploy.commands import host_queue
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentConfigDoesNotExist
from codedeploy.identifiers import config_workflow_id, instance_workflow_id
from codedeploy.instance import Tag
from codedeploy.instances import Host
from codedeploy.membership import hosts_of
from codedeploy.target_instances import TargetInstances
from codedeploy.wire import Model

INSTANCES = "WorkflowType = 'InstanceWorkflow' AND ExecutionStatus = 'Running'"
STILL_POLLING = timedelta(seconds=75)
"""An idle agent asks for work at least once a minute; the server remembers askers for longer."""

ASKED_AT_ONCE = 50


class HostQuestion(Model):
    """Which instances does this group mean?

    Attributes:
        target_instances: The fleet to find in the place of the group's own, in its service role.
        held: Names of instances that belong to it although their Auto Scaling group does not have
            them in service yet.
    """

    group: DeploymentGroup
    target_instances: TargetInstances | None = None
    held: tuple[str, ...] = ()

    @property
    def fleet(self) -> DeploymentGroup:
        """The group, with the fleet to find as its own."""
        return self.target_instances.instead_of(self.group) if self.target_instances else self.group


class HostsFound(Model):
    """The group's instances, and those of them whose agent does not ask for work.

    Attributes:
        unregistered: Those where no agent was ever seen; they are among the silent ones.
    """

    hosts: tuple[Host, ...]
    silent: tuple[str, ...] = ()
    unregistered: tuple[str, ...] = ()


class DepartureQuestion(Model):
    """Have instances left the fleet that were not reached, or failed?

    Attributes:
        role_arn: The role in which EC2 is asked.
        must_run_no_more: Whether only EC2 is asked: who is not registered here may serve all the
            same.
    """

    names: tuple[str, ...]
    role_arn: str | None = None
    must_run_no_more: bool = False


class Directory:
    """Reads the entities of instances and custom configurations, and asks AWS for instances.

    Args:
        aws: Whose clients to use; by default those that the process finds.
    """

    def __init__(self, client: Client, aws: Aws | None = None) -> None:
        self._client = client
        self._aws = aws or Aws()

    @activity.defn
    async def find_hosts(self, question: HostQuestion) -> HostsFound:
        """Return the instances that a fleet consists of now; reads only.

        Of their tags only the zone comes along: ten thousand hosts must fit into one message.

        Raises:
            ApplicationError: AUTO_SCALING_CONFIGURATION, an Auto Scaling group does not exist; or
                what AWS refuses; final. To be retried if AWS is busy or was not reached.
        """
        return await alive(self._find(question))

    async def _find(self, question: HostQuestion) -> HostsFound:
        fleet = question.fleet
        look = partial(FleetMembers(self._aws, fleet).look, question.held)
        registered, named = await asyncio.gather(self.hosts(), on_own_thread(look))
        # Matching tens of thousands takes a while, in which other activities heartbeat.
        hosts = await on_own_thread(partial(hosts_of, fleet, registered, named, question.held))
        seen = await self.last_seen([host.name for host in hosts])
        known = {host.name for host in registered}
        return HostsFound(
            hosts=hosts,
            silent=tuple(name for name, when in seen.items() if when is None),
            unregistered=tuple(name for name in seen if name not in known),
        )

    @activity.defn
    async def find_departed(self, question: DepartureQuestion) -> dict[str, str]:
        """Return why instances are of the fleet no more, by name; of all others nothing is said.

        Reads only. Ask for those that failed: each of them costs a call.

        Raises:
            ApplicationError: What AWS refuses; final. To be retried if AWS is busy or was not
                reached.
        """
        look = partial(Whereabouts(self._aws, question.role_arn).lost, question.names)
        names = () if question.must_run_no_more else question.names
        stopped, deregistered = await asyncio.gather(on_own_thread(look), self._deregistered(names))
        return deregistered | stopped

    @activity.defn
    async def load_config(self, name: str) -> DeploymentConfig:
        """Return the custom configuration called `name`; reads only."""
        handle = self._client.get_workflow_handle(config_workflow_id(name))
        try:
            config: DeploymentConfig = await handle.query("config", result_type=DeploymentConfig)
        except RPCError as error:
            raise not_found(
                error,
                DeploymentConfigDoesNotExist(
                    f"There is no deployment configuration {name!r}. List them with: "
                    "rollway get configs"
                ),
            ) from error
        return config

    async def hosts(self) -> list[Host]:
        """Return every registered instance, by name."""
        executions = [execution async for execution in self._client.list_workflows(INSTANCES)]
        return sorted((_host(execution) for execution in executions), key=lambda host: host.name)

    async def last_seen(self, names: Sequence[str]) -> dict[str, datetime | None]:
        """Return when each agent last asked for work; None if it does not any more."""
        gate = asyncio.Semaphore(ASKED_AT_ONCE)
        times = await asyncio.gather(*(self._last_access(name, gate) for name in names))
        return dict(zip(names, times, strict=True))

    async def _deregistered(self, names: Sequence[str]) -> dict[str, str]:
        gate = asyncio.Semaphore(ASKED_AT_ONCE)
        reasons = await asyncio.gather(*(self._why_deregistered(name, gate) for name in names))
        return {name: reason for name, reason in zip(names, reasons, strict=True) if reason}

    async def _why_deregistered(self, name: str, gate: asyncio.Semaphore) -> str:
        async with gate:
            try:
                entity = await self._client.get_workflow_handle(
                    instance_workflow_id(name)
                ).describe()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return ""
        is_registered = entity.status is WorkflowExecutionStatus.RUNNING
        return "" if is_registered else "it was deregistered"

    async def _last_access(self, name: str, gate: asyncio.Semaphore) -> datetime | None:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=host_queue(name)),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        async with gate:
            # Without `retry` a connection that the server renews now and then is an error.
            answer = await self._client.workflow_service.describe_task_queue(request, retry=True)
        times = [poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in answer.pollers]
        latest = max(times, default=None)
        is_fresh = latest is not None and datetime.now(UTC) - latest < STILL_POLLING
        return latest if is_fresh else None


def _host(execution: WorkflowExecution) -> Host:
    pairs = execution.typed_search_attributes.get(search_attributes.TAGS) or ()
    tags = (pair.partition("=") for pair in pairs)
    return Host(
        name=execution.id.removeprefix("instance/"),
        tags=tuple(Tag(key=key, value=value) for key, _, value in tags),
    )
