"""Task sets in the words of ECS: how they are described, ordered, and what is said of their tasks.

Source: ECS API Reference, TaskSet, CreateTaskSet, ServiceEvent and Task.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from codedeploy.appspec import AssignPublicIp, AwsvpcConfiguration, CapacityProvider
from codedeploy.ecs_service import ReplacementOrder, TaskSet, TaskSetQuestion

Described = Mapping[str, Any]

Complaint = tuple[datetime, str]
"""When something went wrong with a task, and what."""

_BAD_NEWS = re.compile("unable to|unhealthy|failed")


def task_set_of(described: Described) -> TaskSet:
    """Return the task set that ECS describes."""
    return TaskSet(
        id=described["id"],
        arn=described["taskSetArn"],
        status=described["status"],
        task_definition=described.get("taskDefinition", ""),
        external_id=described.get("externalId", ""),
        stability_status=described.get("stabilityStatus", ""),
        desired_count=described.get("computedDesiredCount", 0),
        pending_count=described.get("pendingCount", 0),
        running_count=described.get("runningCount", 0),
        target_group_arns=_target_groups_of(described),
        launch_type=described.get("launchType"),
        platform_version=described.get("platformVersion"),
        network=_network_of(described),
        capacity_provider_strategy=tuple(
            CapacityProvider.model_validate(one)
            for one in described.get("capacityProviderStrategy", ())
        ),
        service_registries=tuple(described.get("serviceRegistries", ())),
    )


def chosen(task_sets: Iterable[TaskSet], question: TaskSetQuestion) -> TaskSet | None:
    """Return the task set that is asked for, if it is among `task_sets`."""
    for one in task_sets:
        if question.task_set in (one.id, one.arn):
            return one
        if question.task_set is None and question.external_id == one.external_id:
            return one
    return None


def request_of(order: ReplacementOrder) -> dict[str, Any]:
    """Return what CreateTaskSet is to be told."""
    request = {
        "cluster": order.cluster,
        "service": order.service,
        "externalId": order.external_id,
        "clientToken": order.external_id,
        "taskDefinition": order.task_definition,
        "loadBalancers": [
            {
                "targetGroupArn": order.target_group_arn,
                "containerName": order.container_name,
                "containerPort": order.container_port,
            }
        ],
        "scale": {"value": 100, "unit": "PERCENT"},
        "networkConfiguration": _as_network(order.network),
        "platformVersion": order.platform_version,
        "serviceRegistries": list(order.service_registries) or None,
        **_capacity(order),
    }
    return {key: value for key, value in request.items() if value is not None}


def complaints_of_tasks(tasks: Iterable[Described], task_set: TaskSet) -> list[Complaint]:
    """Return why tasks of `task_set` have stopped."""
    return [
        (task["stoppedAt"], f"task {task['taskArn'].rpartition('/')[2]} stopped: {_why(task)}")
        for task in tasks
        if task.get("startedBy") == task_set.id and "stoppedAt" in task
    ]


def complaints_of_events(events: Iterable[Described], task_set: TaskSet) -> list[Complaint]:
    """Return what ECS reports to go wrong with the tasks of `task_set`."""
    named = re.compile(rf"{re.escape(task_set.id)}\b")
    return [
        (event["createdAt"], event["message"])
        for event in events
        if named.search(event["message"]) and _BAD_NEWS.search(event["message"])
    ]


def _target_groups_of(described: Described) -> tuple[str, ...]:
    balancers = described.get("loadBalancers", ())
    return tuple(one["targetGroupArn"] for one in balancers if "targetGroupArn" in one)


def _network_of(described: Described) -> AwsvpcConfiguration | None:
    network = described.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not network:
        return None
    return AwsvpcConfiguration(
        subnets=network["subnets"],
        security_groups=network.get("securityGroups", ()),
        assign_public_ip=network.get("assignPublicIp", AssignPublicIp.DISABLED),
    )


def _as_network(network: AwsvpcConfiguration | None) -> dict[str, Any] | None:
    return None if network is None else {"awsvpcConfiguration": network.model_dump(mode="json")}


def _capacity(order: ReplacementOrder) -> dict[str, Any]:
    """Return where tasks run: ECS takes a strategy or a launch type, never both."""
    strategy = order.capacity_provider_strategy
    if strategy:
        return {"capacityProviderStrategy": [one.model_dump(mode="json") for one in strategy]}
    return {"launchType": order.launch_type}


def _why(task: Described) -> str:
    containers = [said for one in task.get("containers", ()) if (said := _end_of(one))]
    reason = str(task.get("stoppedReason") or task.get("stopCode") or "no reason is given")
    return f"{reason} ({', '.join(containers)})" if containers else reason


def _end_of(container: Described) -> str:
    name, code = container.get("name", "a container"), container.get("exitCode")
    if container.get("reason"):
        return f"{name}: {container['reason']}"
    return f"{name} exited {code}" if code else ""
