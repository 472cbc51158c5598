"""What moto lacks of ECS: task sets that take time, scale, drain, and are refused.

How the tasks live is in `service_scheduler`, what is refused in `task_set_rules`, and what is said
of services and tasks in `ecs_services`.

Source: Amazon ECS API Reference, CreateTaskSet, UpdateTaskSet, DeleteTaskSet, DescribeTaskSets and
UpdateServicePrimaryTaskSet.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse

from tests.aws import ecs_services
from tests.aws.extension import Method, replace
from tests.aws.service_scheduler import alone, settle
from tests.aws.task_set_rules import check_is_managed, check_request, check_scale
from tests.aws.task_sets import (
    ACTIVE,
    DRAINING,
    PRIMARY,
    TaskSet,
    TaskSetRequest,
    task_sets_of,
)


def install() -> None:
    """Add it to moto, in this process."""
    backend, response = EC2ContainerServiceBackend, EC2ContainerServiceResponse
    replace(backend, "create_task_set", lambda _: _create)
    replace(backend, "describe_task_sets", lambda _: _describe)
    replace(backend, "update_task_set", lambda _: _update)
    replace(backend, "update_service_primary_task_set", lambda _: _make_primary)
    replace(response, "delete_task_set", lambda _: _answer_delete)
    replace(response, "describe_task_sets", _answer_describe_with_failures)
    ecs_services.install()


# --- one after the other: each under the scheduler's lock


def _create(
    backend: EC2ContainerServiceBackend,
    service: str,
    cluster_str: str,
    task_definition: str,
    **wanted: Any,
) -> TaskSet:
    asked = TaskSetRequest(**wanted)
    with alone:
        found = _managed(backend, cluster_str, service)
        if known := _made_before(found, asked):
            return known
        cluster = backend._get_cluster(cluster_str)
        definition = backend.describe_task_definition(task_definition)
        check_request(asked, found, definition=definition, cluster=cluster)
        task_set = TaskSet(found, definition, cluster=cluster, asked=asked)
        task_sets_of(found).append(task_set)
        settle(found)
        return task_set


def _update(
    backend: EC2ContainerServiceBackend,
    cluster: str,
    service: str,
    task_set: str,
    scale: dict[str, Any],
) -> TaskSet:
    check_scale(scale)
    with alone:
        found = _managed(backend, cluster, service)
        changed = _called(found, task_set)
        changed.change(scale={"unit": "PERCENT", **scale})
        settle(found)
        return changed


def _make_primary(
    backend: EC2ContainerServiceBackend, cluster: str, service: str, primary_task_set: str
) -> TaskSet:
    """Make a task set the primary one; what it is becomes what the service is."""
    with alone:
        found = _managed(backend, cluster, service)
        chosen = _called(found, primary_task_set)
        if chosen.status == DRAINING:
            raise InvalidParameterException(f"TaskSet {chosen.id} is {DRAINING}.")
        for other in task_sets_of(found):
            if other.status == PRIMARY:
                other.change(status=ACTIVE)
        chosen.change(status=PRIMARY)
        found.task_definition = chosen.task_definition
        for name in ecs_services.TAKEN_FROM_PRIMARY:
            setattr(found, name, getattr(chosen.request, name))
        return chosen


def _delete(
    backend: EC2ContainerServiceBackend, cluster: str, service: str, *, task_set: str, force: bool
) -> TaskSet:
    with alone:
        found = _managed(backend, cluster, service)
        doomed = _called(found, task_set)
        if not force and (doomed.status == PRIMARY or doomed.computed_desired_count > 0):
            raise InvalidParameterException(
                f"TaskSet {doomed.id} is {doomed.status} and scaled to "
                f"{doomed.computed_desired_count} tasks; it can only be deleted by force."
            )
        doomed.change(status=DRAINING)
        settle(found)
        return doomed


def _describe(
    backend: EC2ContainerServiceBackend, cluster_str: str, service: str, task_sets: list[str]
) -> list[TaskSet]:
    found = _service(backend, cluster_str, service)
    settle(found)
    described = list(task_sets_of(found))
    if not task_sets:
        return described
    return [one for one in described if any(one.is_called(name) for name in task_sets)]


# --- finding


def _service(backend: EC2ContainerServiceBackend, cluster: str, name: str) -> Service:
    """Return a service, by its name or ARN."""
    key = f"{backend._get_cluster(cluster).name}:{name.split('/')[-1]}"
    if key not in backend.services:
        raise ServiceNotFoundException
    return backend.services[key]


def _managed(backend: EC2ContainerServiceBackend, cluster: str, name: str) -> Service:
    """Return a service whose task sets may be touched, as it is now."""
    found = _service(backend, cluster, name)
    check_is_managed(found)
    settle(found)
    return found


def _called(service: Service, name: str) -> TaskSet:
    for task_set in task_sets_of(service):
        if task_set.is_called(name):
            return task_set
    raise ECSException("TaskSetNotFoundException", "The specified task set was not found.")


def _made_before(service: Service, asked: TaskSetRequest) -> TaskSet | None:
    """Return the task set that the same request has made, as its token tells."""
    if asked.client_token is None:
        return None
    for task_set in task_sets_of(service):
        if task_set.asked.client_token == asked.client_token:
            if task_set.asked != asked:
                raise InvalidParameterException(
                    f"clientToken '{asked.client_token}' was used for a different request."
                )
            return task_set
    return None


# --- answers


def _answer_delete(response: EC2ContainerServiceResponse) -> ActionResult:
    deleted = _delete(
        response.ecs_backend,
        response._get_param("cluster", "default"),
        response._get_param("service"),
        task_set=response._get_param("taskSet"),
        force=bool(response._get_param("force")),
    )
    return ActionResult({"taskSet": deleted})


def _answer_describe_with_failures(original: Method) -> Method:
    """moto does not say which task sets are missing."""

    def describe_task_sets(response: EC2ContainerServiceResponse) -> ActionResult:
        answer: Any = original(response).result
        asked = response._get_param("taskSets") or []
        missing = [
            name for name in asked if not any(one.is_called(name) for one in answer["taskSets"])
        ]
        failures = [{"arn": name, "reason": "MISSING"} for name in missing]
        return ActionResult({**answer, "failures": failures})

    return describe_task_sets
