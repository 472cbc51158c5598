"""Everything that a deployment may change, as it stands, to be compared with how it stood.

    before = snapshot(aws)
    ...
    assert difference(before, snapshot(aws)) == []

It holds the aliases of functions, the actions of listeners and rules, what target groups are used
by and who is registered, and services with their task sets. Left out are times, revision ids and
states that come by themselves (health, stability), and what is on its way out: task sets and
targets that drain.

Names stand for the ARNs of load balancers and target groups. The ids of task sets, subnets and
security groups, the addresses of targets and external ids are there unless `with_identities=False`:
before and after an undo they are the same, in two places that were built alike they are not.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.aws.endpoint import Endpoint

Snapshot = dict[str, Any]

_BALANCING_ARN = re.compile(r"^arn:[^/]*:(?:targetgroup|loadbalancer/(?:app|net))/([^/]+)/")
_NETWORK_ID = re.compile(r"^(subnet|sg)-[0-9a-f]+$")
_TASK_SET_MEMBERS = (
    "status",
    "taskDefinition",
    "scale",
    "computedDesiredCount",
    "runningCount",
    "pendingCount",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "tags",
)
_IDENTITIES = ("id", "externalId")


def snapshot(aws: Endpoint, *, with_identities: bool = True) -> Snapshot:
    """Return how everything stands."""
    found: Snapshot = {
        "aliases": dict(_aliases(aws)),
        "listeners": dict(_listeners(aws)),
        "target groups": dict(_target_groups(aws, with_identities)),
        "services": dict(_services(aws, with_identities)),
    }
    changes = (_named,) if with_identities else (_named, _anonymous)
    for change in changes:
        found = _each_text(found, change)
    return found


def difference(before: Snapshot, after: Snapshot) -> list[str]:
    """Return a line for each value that is not the same; none if nothing has changed."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    nothing = "nothing"
    return [
        f"{path}: {old.get(path, nothing)!r} became {new.get(path, nothing)!r}"
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _aliases(aws: Endpoint) -> Iterator[tuple[str, Any]]:
    functions = aws.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            for alias in functions.list_aliases(FunctionName=name)["Aliases"]:
                routing = alias.get("RoutingConfig") or {}
                yield (
                    f"{name}:{alias['Name']}",
                    {
                        "version": alias["FunctionVersion"],
                        "weights": routing.get("AdditionalVersionWeights") or {},
                    },
                )


def _listeners(aws: Endpoint) -> Iterator[tuple[str, Any]]:
    balancing = aws.client("elbv2")
    for balancer in _all(balancing, "describe_load_balancers")["LoadBalancers"]:
        arn, name = balancer["LoadBalancerArn"], balancer["LoadBalancerName"]
        for listener in balancing.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            rules = balancing.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            yield (
                f"{name}:{listener['Port']}",
                {
                    f"rule {rule['Priority']}": {
                        "if": rule["Conditions"],
                        "then": rule["Actions"],
                    }
                    for rule in rules
                },
            )


def _target_groups(aws: Endpoint, with_identities: bool) -> Iterator[tuple[str, Any]]:
    balancing = aws.client("elbv2")
    for group in _all(balancing, "describe_target_groups")["TargetGroups"]:
        found = balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        targets = sorted(
            f"{one['Target']['Id']}:{one['Target']['Port']}"
            for one in found["TargetHealthDescriptions"]
            if one["TargetHealth"]["State"] != "draining"
        )
        yield (
            group["TargetGroupName"],
            {
                "used by": group.get("LoadBalancerArns", []),
                "targets": targets if with_identities else len(targets),
            },
        )


def _services(aws: Endpoint, with_identities: bool) -> Iterator[tuple[str, Any]]:
    containers = aws.client("ecs")
    for cluster in _all(containers, "list_clusters")["clusterArns"]:
        names = containers.list_services(cluster=cluster)["serviceArns"]
        for name in names:
            found = containers.describe_services(cluster=cluster, services=[name])
            (service,) = found["services"]
            yield name.split(":service/")[-1], _service(service, with_identities)


def _service(service: dict[str, Any], with_identities: bool) -> dict[str, Any]:
    members = (*_TASK_SET_MEMBERS, *(_IDENTITIES if with_identities else ()))
    remaining = [one for one in service.get("taskSets", []) if one["status"] != "DRAINING"]
    task_sets = [{key: one[key] for key in members if key in one} for one in remaining]
    return {
        "desired count": service["desiredCount"],
        "task definition": service.get("taskDefinition"),
        "task sets": sorted(task_sets, key=_order),
    }


def _order(task_set: dict[str, Any]) -> tuple[str, ...]:
    return task_set["status"], task_set["taskDefinition"], task_set.get("id", "")


def _all(client: Any, operation: str) -> dict[str, list[Any]]:
    """Return every page of an answer as one."""
    pages: dict[str, list[Any]] = client.get_paginator(operation).paginate().build_full_result()
    return pages


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with each of its texts changed, keys left as they are."""
    if isinstance(value, dict):
        return {key: _each_text(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_each_text(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _named(text: str) -> str:
    """Return the name for an ARN of load balancing, and any other text as it is."""
    found = _BALANCING_ARN.match(text)
    return found[1] if found else text


def _anonymous(text: str) -> str:
    """Return `subnet` for the id of a subnet, and so on, and any other text as it is."""
    return _NETWORK_ID.sub(r"\1", text)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is not a collection, and the empty ones, with the way there."""
    if isinstance(value, dict) and value:
        steps: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list) and value:
        steps = iter(enumerate(value))
    else:
        yield path, value
        return
    for step, inner in steps:
        yield from _leaves(inner, f"{path} / {step}".removeprefix(" / "))
