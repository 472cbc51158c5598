"""What ECS refuses when a task set is asked for, in ECS's words where they are known.

Source: Amazon ECS API Reference, CreateTaskSet; the sentences are AWS's, as users report them,
except where no report was found.

Differs from AWS: only tasks with an address of their own (`awsvpc`, ip target groups) have targets.
"""

import re
from typing import Any, cast

from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import Cluster, Service, TaskDefinition
from moto.elbv2.models import FakeTargetGroup, elbv2_backends

from tests.aws.task_sets import TaskSetRequest, task_sets_of, with_security_groups

MOST_TASK_SETS = 5
EXTERNAL = "EXTERNAL"
_CLIENT_TOKEN = re.compile(r"[!-~]{1,36}")


def check_is_managed(service: Service) -> None:
    """Refuse to touch the task sets of a service that somebody else deploys."""
    if service.deployment_controller["type"] != EXTERNAL:
        raise InvalidParameterException(
            "Amazon ECS only supports task set management on services configured to use external "
            "deployment controllers."
        )
    if service.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")


def check_request(
    request: TaskSetRequest, service: Service, *, definition: TaskDefinition, cluster: Cluster
) -> None:
    """Refuse a task set that could not be, before anything is made."""
    _check_token(request.client_token)
    check_scale(request.scale)
    _check_capacity(request, cluster)
    _check_network(request, service, definition)
    _check_balancers(request, service, definition)
    if len(task_sets_of(service)) >= MOST_TASK_SETS:
        raise InvalidParameterException(
            f"{MOST_TASK_SETS} deployments exist on the service. Unable to create new TaskSet "
            "since this exceeds the maximum limit."
        )


def check_scale(scale: dict[str, Any] | None) -> None:
    """Refuse a scale that is not a percentage."""
    if scale is None:
        return
    unit, value = scale.get("unit", "PERCENT"), float(scale.get("value", -1))
    if unit != "PERCENT" or not 0 <= value <= 100:
        raise InvalidParameterException(f"Scale must be 0 to 100 PERCENT; it is {value:g} {unit}")


def _check_token(token: str | None) -> None:
    if token is not None and not _CLIENT_TOKEN.fullmatch(token):
        raise InvalidParameterException(
            f"clientToken must be 1 to 36 ASCII characters from 33 to 126; it is '{token}'"
        )


def _check_capacity(request: TaskSetRequest, cluster: Cluster) -> None:
    strategy = request.capacity_provider_strategy
    if strategy and request.launch_type:
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove "
            "one and try again."
        )
    known = set(cluster.capacity_providers or [])
    if any(one["capacityProvider"] not in known for one in strategy or []):
        raise InvalidParameterException(
            "The specified capacity provider strategy cannot contain a capacity provider that is "
            "not associated with the cluster."
        )


def _check_network(request: TaskSetRequest, service: Service, definition: TaskDefinition) -> None:
    network = with_security_groups(request.network_configuration)
    if definition.network_mode == "awsvpc" and network is None:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if definition.network_mode != "awsvpc" and network is not None:
        raise InvalidParameterException(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )
    if network is not None:
        service._validate_network(network)


def _check_balancers(request: TaskSetRequest, service: Service, definition: TaskDefinition) -> None:
    balancers = request.load_balancers or []
    if len(balancers) > 1:
        raise InvalidParameterException("CreateTaskSet cannot have more than 1 load balancer")
    for balancer in balancers:
        _check_container(balancer, definition)
        _check_target_group(_target_group(balancer["targetGroupArn"], service), definition)


def _check_container(balancer: dict[str, Any], definition: TaskDefinition) -> None:
    name, port = balancer["containerName"], balancer["containerPort"]
    defined = cast("list[Any]", definition.container_definitions)
    containers = {one["name"]: one for one in defined}
    if name not in containers:
        raise InvalidParameterException(
            f"The container {name} does not exist in the task definition."
        )
    mappings = containers[name].get("portMappings", [])
    if port not in [mapping["containerPort"] for mapping in mappings]:
        raise InvalidParameterException(
            f"The container {name} did not have a container port {port} defined."
        )


def _target_group(arn: str, service: Service) -> FakeTargetGroup:
    backend = service._backend
    group = elbv2_backends[backend.account_id][backend.region_name].target_groups.get(arn)
    if group is None:
        raise InvalidParameterException(f"The specified target group {arn} does not exist.")
    return group


def _check_target_group(group: FakeTargetGroup, definition: TaskDefinition) -> None:
    if group.target_type != "ip":
        raise InvalidParameterException(
            f"The provided target group {group.arn} has target type {group.target_type}, which is "
            f"incompatible with the {definition.network_mode} network mode specified in the task "
            "definition."
        )
