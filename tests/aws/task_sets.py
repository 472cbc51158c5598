"""A task set and its tasks, as ECS describes them.

Source: Amazon ECS API Reference, TaskSet, Task and CreateTaskSet.
"""

import itertools
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from moto.core.utils import utcnow
from moto.ecs.models import Cluster, Service, Task, TaskDefinition

PENDING, RUNNING, DEACTIVATING, STOPPED = "PENDING", "RUNNING", "DEACTIVATING", "STOPPED"
PRIMARY, ACTIVE, DRAINING = "PRIMARY", "ACTIVE", "DRAINING"
STABILIZING, STEADY_STATE = "STABILIZING", "STEADY_STATE"

_NET, _HOSTS = 256, 254


def addresses() -> Iterator[str]:
    """Yield addresses of this machine, 127.2.x.y, one after the other.

    Where they begin is drawn, so that emulators that run at the same time seldom meet.
    """
    for number in itertools.count(random.randrange(_NET * _HOSTS)):
        high, low = divmod(number % (_NET * _HOSTS), _HOSTS)
        yield f"127.2.{high}.{low + 1}"


@dataclass(frozen=True, kw_only=True)
class TaskSetRequest:
    """What CreateTaskSet is asked for, beside the service and the task definition."""

    external_id: str | None = None
    network_configuration: dict[str, Any] | None = None
    load_balancers: list[dict[str, Any]] | None = None
    service_registries: list[dict[str, Any]] | None = None
    launch_type: str | None = None
    capacity_provider_strategy: list[dict[str, Any]] | None = None
    platform_version: str | None = None
    scale: dict[str, Any] | None = None
    client_token: str | None = None
    tags: list[dict[str, str]] | None = None


class TaskSet:
    """A task set; moto answers with whatever of its attributes AWS's shape has.

    Attributes:
        asked: What the client asked for.
        request: The same, with what was not said filled in; each member is an attribute, too.
        definition: What its tasks are.
        tasks: Those that have not stopped.
    """

    def __init__(
        self,
        service: Service,
        definition: TaskDefinition,
        *,
        cluster: Cluster,
        asked: TaskSetRequest,
    ) -> None:
        self.service, self.definition, self.cluster = service, definition, cluster
        self.asked, self.request = asked, _completed(asked, cluster)
        vars(self).update(vars(self.request))
        self.id = f"ecs-svc/{random.randrange(10**18, 10**19)}"
        self.task_set_arn = f"{service.arn.replace(':service/', ':task-set/')}/{self.id}"
        self.service_arn, self.cluster_arn = service.arn, cluster.arn
        self.task_definition = definition.arn
        self.scale = asked.scale or {"value": 100.0, "unit": "PERCENT"}
        self.status = ACTIVE
        self.created_at = self.updated_at = self.stability_status_at = utcnow()
        self.stability_status = STABILIZING
        self.tasks: list[ServiceTask] = []

    def is_called(self, name: str) -> bool:
        """Whether this is the task set with that id or ARN."""
        return name in (self.id, self.task_set_arn)

    @property
    def computed_desired_count(self) -> int:
        """How many tasks it is to have: its share of the service's, rounded up."""
        if self.status == DRAINING:
            return 0
        return math.ceil(self.service.desired_count * float(self.scale["value"]) / 100)

    @property
    def pending_count(self) -> int:
        """How many tasks have not started yet."""
        return sum(task.last_status == PENDING for task in self.tasks)

    @property
    def running_count(self) -> int:
        """How many tasks run."""
        return sum(task.last_status == RUNNING for task in self.tasks)

    def change(self, **attributes: Any) -> None:
        """Set attributes, as of now."""
        vars(self).update(attributes, updated_at=utcnow())

    def judge(self, *, steady: bool) -> None:
        """Say whether it is steady; the time is that of the last change."""
        verdict = STEADY_STATE if steady else STABILIZING
        if verdict != self.stability_status:
            self.stability_status, self.stability_status_at = verdict, utcnow()


class ServiceTask(Task):
    """A task that its service starts and stops; moto's own age each time they are described.

    Attributes:
        address: Where its containers answer.
        launched_at: By the monotonic clock.
    """

    def __init__(self, task_set: TaskSet, address: str) -> None:
        request, service = task_set.request, task_set.service
        super().__init__(
            cluster=task_set.cluster,
            task_definition=task_set.definition,
            container_instance_arn=None,
            resource_requirements=None,
            backend=service._backend,
            group=f"service:{service.name}",
            launch_type=request.launch_type or "",
            started_by=task_set.id,
            networking_configuration=with_security_groups(request.network_configuration),
            platform_version=request.platform_version,
        )
        self.address = address
        self.launched_at = time.monotonic()
        self._transitions = []
        self.last_status = PENDING
        attachments: list[Any] = self.attachments
        for detail in (detail for one in attachments for detail in one["details"]):
            if detail["name"] == "privateIPv4Address":
                detail["value"] = address

    @property
    def is_wanted(self) -> bool:
        """Whether it is to run; if not, it is on its way out."""
        return self.desired_status == RUNNING

    @property
    def age_seconds(self) -> float:
        """How long ago it was launched."""
        return time.monotonic() - self.launched_at


def task_sets_of(service: Service) -> list[TaskSet]:
    """Return the task sets of a service: the list itself, where moto keeps its own kind."""
    return cast("list[TaskSet]", service.task_sets)


def with_security_groups(network: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a network configuration with the list that moto cannot do without."""
    if network is None:
        return None
    return {"awsvpcConfiguration": {"securityGroups": [], **network["awsvpcConfiguration"]}}


def _completed(asked: TaskSetRequest, cluster: Cluster) -> TaskSetRequest:
    """Fill in what AWS fills in: the cluster's strategy, or EC2; a version of Fargate."""
    strategy, launch_type = asked.capacity_provider_strategy, asked.launch_type
    if not strategy and not launch_type:
        strategy = cluster.default_capacity_provider_strategy
    if not strategy:
        launch_type = launch_type or "EC2"
    providers = [one["capacityProvider"] for one in strategy or []]
    version = asked.platform_version
    if launch_type == "FARGATE" or any(name.startswith("FARGATE") for name in providers):
        version = version if version not in (None, "LATEST") else "1.4.0"
    return replace(
        asked,
        capacity_provider_strategy=strategy,
        launch_type=launch_type,
        platform_version=version,
    )
