"""Finding instances and configurations: entities that other workflows keep."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from activities import search_attributes
from activities.translation import not_found
from codedeploy.commands import host_queue
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentConfigDoesNotExist
from codedeploy.identifiers import config_workflow_id
from codedeploy.instance import Tag
from codedeploy.instances import Host, is_member
from codedeploy.wire import Model

INSTANCES = "WorkflowType = 'InstanceWorkflow' AND ExecutionStatus = 'Running'"
STILL_POLLING = timedelta(seconds=75)
"""An idle agent asks for work at least once a minute; the server remembers askers for longer."""

ASKED_AT_ONCE = 50


class HostQuestion(Model):
    """Which instances does this group mean?"""

    group: DeploymentGroup


class HostsFound(Model):
    """The group's instances, and those of them whose agent does not ask for work."""

    hosts: tuple[Host, ...]
    silent: tuple[str, ...] = ()


class Directory:
    """Reads the entities of instances and custom configurations."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def find_hosts(self, question: HostQuestion) -> HostsFound:
        """Return the instances that the group's filters match; reads only.

        Of their tags only the zone comes along: ten thousand hosts must fit into one message.
        """
        members = (host for host in await self.hosts() if is_member(question.group, host))
        hosts = [Host(name=host.name, tags=_zone_only(host)) for host in members]
        seen = await self.last_seen([host.name for host in hosts])
        silent = tuple(name for name, when in seen.items() if when is None)
        return HostsFound(hosts=tuple(hosts), silent=silent)

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

    async def _last_access(self, name: str, gate: asyncio.Semaphore) -> datetime | None:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=host_queue(name)),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        async with gate:
            answer = await self._client.workflow_service.describe_task_queue(request)
        times = [poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in answer.pollers]
        latest = max(times, default=None)
        is_fresh = latest is not None and datetime.now(UTC) - latest < STILL_POLLING
        return latest if is_fresh else None


def _zone_only(host: Host) -> tuple[Tag, ...]:
    return (Tag(key="zone", value=host.zone),) if host.zone else ()


def _host(execution: WorkflowExecution) -> Host:
    pairs = execution.typed_search_attributes.get(search_attributes.TAGS) or ()
    tags = (pair.partition("=") for pair in pairs)
    return Host(
        name=execution.id.removeprefix("instance/"),
        tags=tuple(Tag(key=key, value=value) for key, _, value in tags),
    )
