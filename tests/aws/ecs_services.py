"""What moto lacks of ECS services and their tasks, where task sets are concerned.

Source: Amazon ECS API Reference, CreateService, UpdateService, DeleteService and ListTasks; the
sentences are AWS's, as users report them.

Differs from AWS: a service of the CODE_DEPLOY controller has no task set of its own.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.responses import ELBV2Response

from tests.aws.extension import Method, replace
from tests.aws.service_scheduler import alone, settle, settle_all, settle_around
from tests.aws.task_set_rules import EXTERNAL
from tests.aws.task_sets import DRAINING, RUNNING, task_sets_of, with_security_groups

TAKEN_FROM_PRIMARY = (
    "load_balancers",
    "service_registries",
    "launch_type",
    "capacity_provider_strategy",
    "platform_version",
    "network_configuration",
)
"""What a service shows as its own and has from its primary task set."""


def install() -> None:
    """Add it to moto, in this process."""
    backend, response = EC2ContainerServiceBackend, EC2ContainerServiceResponse
    replace(response, "create_service", _create_if_external_is_bare)
    replace(response, "update_service", _update_unless_deployed_otherwise)
    replace(Service, "_validate_network", _validate_without_security_groups)
    replace(backend, "delete_service", _delete_with_task_sets)
    replace(backend, "describe_services", _after_settling)
    replace(backend, "describe_tasks", _after_settling)
    replace(backend, "list_tasks", _list_wanted_tasks)
    # Targets come and go with tasks, whoever looks.
    replace(ELBV2Response, "describe_target_health", _after_settling_ecs)


def _create_if_external_is_bare(original: Method) -> Method:
    """A service that is deployed by task sets has neither definition nor load balancer itself."""

    def create_service(response: EC2ContainerServiceResponse) -> ActionResult:
        controller = response._get_param("deploymentController") or {}
        if controller.get("type") == EXTERNAL:
            if response._get_param("taskDefinition"):
                raise InvalidParameterException("TaskDefinition must be blank.")
            if response._get_param("loadBalancers"):
                raise InvalidParameterException("LoadBalancers must be empty or null.")
        created: ActionResult = original(response)
        return created

    return create_service


def _update_unless_deployed_otherwise(original: Method) -> Method:
    def update_service(response: EC2ContainerServiceResponse) -> ActionResult:
        name = response._get_param("service")
        found, _ = response.ecs_backend.describe_services(
            response._get_param("cluster", "default"), [name]
        )
        controllers = [service.deployment_controller["type"] for service in found]
        if response._get_param("taskDefinition") and controllers not in ([], ["ECS"]):
            raise InvalidParameterException(
                f"Unable to update task definition on services with a {controllers[0]} deployment "
                "controller."
            )
        updated: ActionResult = original(response)
        return updated

    return update_service


def _validate_without_security_groups(original: Method) -> Method:
    """moto fails on a network configuration that names none."""

    def validate(service: Service, network: dict[str, Any]) -> Any:
        return original(service, with_security_groups(network))

    return validate


def _delete_with_task_sets(original: Method) -> Method:
    def delete_service(
        backend: EC2ContainerServiceBackend, cluster: str, name: str, force: bool
    ) -> Service:
        deleted: Service = original(backend, cluster, name, force)
        with alone:
            for task_set in task_sets_of(deleted):
                task_set.change(status=DRAINING)
            settle(deleted)
        return deleted

    return delete_service


def _list_wanted_tasks(original: Method) -> Method:
    """moto lists stopped tasks, too, and those of every service."""

    def list_tasks(backend: EC2ContainerServiceBackend, *filters: Any) -> list[Task]:
        settle_all(backend, cluster=filters[0])
        *others, service, desired_status = filters
        found: list[Task] = original(backend, *others, None, desired_status or RUNNING)
        if service is None:
            return found
        return [task for task in found if task.group == f"service:{service.split('/')[-1]}"]

    return list_tasks


def _after_settling(original: Method) -> Method:
    def describe(backend: EC2ContainerServiceBackend, cluster: str, names: list[str]) -> Any:
        settle_all(backend, cluster)
        return original(backend, cluster, names)

    return describe


def _after_settling_ecs(original: Method) -> Method:
    def describe(response: ELBV2Response) -> Any:
        backend = ecs_backends[response.current_account][response.region]
        settle_around(backend, response._get_param("TargetGroupArn"))
        return original(response)

    return describe
