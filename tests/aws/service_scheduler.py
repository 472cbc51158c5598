"""The part of ECS that starts and stops tasks until each task set is as it should be.

There is no thread: whoever looks at a service settles it first, up to the present time. A task is
PENDING for `EMULATED_TASK_SECONDS` (0.2 by default) and then RUNNING, a target in the task set's
target groups at an address 127.2.x.y. When it must go it is DEACTIVATING until its targets have
drained, and then STOPPED. A task set is steady when all its tasks run and, behind a
load balancer, are healthy.

The tasks of a definition with an image whose name contains `broken` never get beyond PENDING.

Source: Amazon ECS API Reference, TaskSet (stabilityStatus); Amazon ECS Developer Guide, "Task
lifecycle".

Differs from AWS: the tasks of a broken image stay PENDING; AWS's stop, and others are started.
"""

import os
import threading
from collections.abc import Iterator
from typing import Any, cast

from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.elbv2.models import FakeTargetGroup, elbv2_backends

from tests.aws import group_targets
from tests.aws.target_health import HEALTHY, Target
from tests.aws.task_sets import (
    DEACTIVATING,
    DRAINING,
    RUNNING,
    STOPPED,
    ServiceTask,
    TaskSet,
    addresses,
    task_sets_of,
)

PENDING_SECONDS = float(os.environ.get("EMULATED_TASK_SECONDS", "0.2"))
BROKEN = "broken"

alone = threading.RLock()
"""Held by whoever settles a service or changes what it should be."""

_addresses = addresses()


def settle_all(backend: EC2ContainerServiceBackend, cluster: str | None = None) -> None:
    """Bring every service of an account and region, or of one cluster, up to the present."""
    beginning = f"{cluster.rpartition('/')[2]}:" if cluster else ""
    for key, service in list(backend.services.items()):
        if key.startswith(beginning):
            settle(service)


def settle_around(backend: EC2ContainerServiceBackend, target_group: str) -> None:
    """Bring every service up to the present whose tasks are targets of a group, by its ARN."""
    for service in list(backend.services.values()):
        requests = [task_set.request.load_balancers or [] for task_set in task_sets_of(service)]
        if any(one.get("targetGroupArn") == target_group for found in requests for one in found):
            settle(service)


def settle(service: Service) -> None:
    """Bring a service up to the present, if it has task sets."""
    with alone:
        task_sets = task_sets_of(service)
        if not task_sets:
            return
        for task_set in task_sets:
            _settle(task_set)
        task_sets[:] = [one for one in task_sets if not _is_gone(one)]
        service.running_count = sum(one.running_count for one in task_sets)
        service.pending_count = sum(one.pending_count for one in task_sets)


def _settle(task_set: TaskSet) -> None:
    for task in list(task_set.tasks):
        _advance(task_set, task)
    wanted = [task for task in task_set.tasks if task.is_wanted]
    desired = task_set.computed_desired_count
    for task in wanted[desired:]:
        _stop(task_set, task)
    for _ in range(desired - len(wanted)):
        _launch(task_set)
    task_set.judge(steady=_is_steady(task_set))


def _advance(task_set: TaskSet, task: ServiceTask) -> None:
    """Move a task on, if it is time."""
    match task.last_status:
        case "PENDING" if task.age_seconds >= PENDING_SECONDS and _can_run(task_set):
            task.last_status = RUNNING
            for group, target in _targets(task_set, task):
                group_targets.add(group, [target])
        case "DEACTIVATING" if not _has_targets(task_set, task):
            task.last_status = STOPPED
            task_set.tasks.remove(task)
        case "STOPPED":
            # Somebody has called StopTask.
            _stop(task_set, task)


def _launch(task_set: TaskSet) -> None:
    task = ServiceTask(task_set, next(_addresses))
    task_set.tasks.append(task)
    tasks = task_set.service._backend.tasks
    tasks.setdefault(task_set.cluster.name, {})[task.task_arn] = task


def _stop(task_set: TaskSet, task: ServiceTask) -> None:
    task.desired_status, task.last_status = STOPPED, DEACTIVATING
    for group, target in _targets(task_set, task):
        group_targets.drain(group, [target])


def _can_run(task_set: TaskSet) -> bool:
    containers = cast("list[Any]", task_set.definition.container_definitions)
    return not any(BROKEN in container["image"] for container in containers)


def _has_targets(task_set: TaskSet, task: ServiceTask) -> bool:
    for group, target in _targets(task_set, task):
        group_targets.look(group)
        if target in group_targets.registrations(group).targets():
            return True
    return False


def _is_steady(task_set: TaskSet) -> bool:
    running = [task for task in task_set.tasks if task.last_status == RUNNING]
    pairs = [pair for task in running for pair in _targets(task_set, task)]
    for group, _ in pairs:
        group_targets.look(group)
    return (
        task_set.status != DRAINING
        and task_set.pending_count == 0
        and len(running) == task_set.computed_desired_count
        and all(_takes_traffic(group, target) for group, target in pairs)
    )


def _takes_traffic(group: FakeTargetGroup, target: Target) -> bool:
    """Whether a target is healthy; behind no load balancer nobody checks, and nothing is known."""
    return not group.load_balancer_arns or group_targets.health(group, target) == HEALTHY


def _is_gone(task_set: TaskSet) -> bool:
    return task_set.status == DRAINING and not task_set.tasks


def _targets(task_set: TaskSet, task: ServiceTask) -> Iterator[tuple[FakeTargetGroup, Target]]:
    """Yield what a task is registered as, and where; deleted target groups are passed over."""
    backend = task_set.service._backend
    groups = elbv2_backends[backend.account_id][backend.region_name].target_groups
    for balancer in task_set.request.load_balancers or []:
        group = groups.get(balancer["targetGroupArn"])
        if group is not None:
            yield group, Target(task.address, int(balancer["containerPort"]))
