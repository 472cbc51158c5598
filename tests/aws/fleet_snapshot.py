"""Everything of a fleet of servers that a deployment may change, to be compared with how it stood.

    before = fleet_snapshot(aws)
    ...
    assert difference(before, fleet_snapshot(aws)) == []
    assert orphans(aws) == []

It holds Auto Scaling groups with all that a copy carries over, instances, the targets of target
groups, the instances of classic load balancers, launch templates, queues and topics. Left out are
times, tokens, reasons, and what is on its way out: targets that drain, instances that terminate.

Instances and the subnets of groups are there by id unless `with_identities=False`: then instances
are counted by their state, and two fleets that were built alike are the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.aws.endpoint import Endpoint
from tests.aws.snapshot import Snapshot, difference

__all__ = ["difference", "fleet_snapshot", "orphans"]

GROUP_TAG = "aws:autoscaling:groupName"

_LEFT_OUT = frozenset(
    {
        *("AutoScalingGroupName", "AutoScalingGroupARN", "CreatedTime", "Instances", "Tags"),
        *("SuspendedProcesses", "EnabledMetrics", "TargetGroupARNs", "TrafficSources"),
        *("ServiceLinkedRoleARN", "VPCZoneIdentifier", "LaunchTemplate", "WarmPoolConfiguration"),
    }
)
_OF_RECORDS = {"PolicyARN", "ScheduledActionARN", "AutoScalingGroupName", "Time", "Alarms"}
_GONE = ("shutting-down", "terminated")


def fleet_snapshot(aws: Endpoint, *, with_identities: bool = True) -> Snapshot:
    """Return how everything stands."""
    groups = {one["AutoScalingGroupName"]: one for one in _all_groups(aws)}
    return {
        "auto scaling groups": {
            name: _group(aws, group, with_identities) for name, group in groups.items()
        },
        "instances": _shown(dict(_instances(aws)), with_identities),
        "target groups": {
            name: _shown(targets, with_identities) for name, targets in _targets(aws)
        },
        "classic load balancers": {
            name: _shown(states, with_identities) for name, states in _behind(aws)
        },
        "launch templates": sorted(_launch_templates(aws)),
        "queues": sorted(_last_parts(aws.client("sqs").list_queues().get("QueueUrls", []), "/")),
        "topics": sorted(_topics(aws)),
    }


def orphans(aws: Endpoint) -> list[str]:
    """Return a line for each thing that belongs to nothing; none if all is in order.

    Those are instances whose group is gone or does not know them, and registrations of instances
    that are gone.
    """
    groups = {
        group["AutoScalingGroupName"]: {one["InstanceId"] for one in group["Instances"]}
        for group in _all_groups(aws)
    }
    there = dict(_raw_instances(aws))
    lost = [
        f"{one}: group {group} does not know it"
        for one, group in ((one, _tag(found, GROUP_TAG)) for one, found in there.items())
        if group is not None and one not in groups.get(group, ())
    ]
    fronts = [*_targets(aws), *_behind(aws)]
    return lost + [
        f"{one}: registered with {name}, but gone"
        for name, states in fronts
        for one in states
        if one.startswith("i-") and one.partition(":")[0] not in there
    ]


# --- groups


def _all_groups(aws: Endpoint) -> Iterator[dict[str, Any]]:
    for page in aws.client("autoscaling").get_paginator("describe_auto_scaling_groups").paginate():
        yield from page["AutoScalingGroups"]


def _group(aws: Endpoint, group: dict[str, Any], with_identities: bool) -> dict[str, Any]:
    name = group["AutoScalingGroupName"]
    states = {
        one["InstanceId"]: f"{one['LifecycleState']}, {one['HealthStatus']}"
        for one in group["Instances"]
        if not one["LifecycleState"].startswith("Terminating")
    }
    template = group.get("LaunchTemplate", {})
    return {
        "settings": {key: value for key, value in group.items() if key not in _LEFT_OUT},
        "subnets": group.get("VPCZoneIdentifier") if with_identities else None,
        "launch template": f"{template.get('LaunchTemplateName')}:{template.get('Version')}",
        "instances": _shown(states, with_identities),
        "tags": {
            one["Key"]: f"{one['Value']}, {'' if one['PropagateAtLaunch'] else 'not '}propagated"
            for one in group["Tags"]
        },
        "suspended": sorted(one["ProcessName"] for one in group["SuspendedProcesses"]),
        "metrics": sorted(one["Metric"] for one in group["EnabledMetrics"]),
        "target groups": sorted(arn.split("/")[1] for arn in group.get("TargetGroupARNs", [])),
        **_records(aws, name),
    }


def _records(aws: Endpoint, name: str) -> dict[str, Any]:
    """Return what a group has besides itself."""
    scaling, by_name = aws.client("autoscaling"), {"AutoScalingGroupName": name}
    notifications = scaling.describe_notification_configurations(AutoScalingGroupNames=[name])
    return {
        "lifecycle hooks": _by(
            "LifecycleHookName", scaling.describe_lifecycle_hooks(**by_name)["LifecycleHooks"]
        ),
        "policies": _by("PolicyName", scaling.describe_policies(**by_name)["ScalingPolicies"]),
        "scheduled actions": _by(
            "ScheduledActionName",
            scaling.describe_scheduled_actions(**by_name)["ScheduledUpdateGroupActions"],
        ),
        "notifications": sorted(
            f"{one['NotificationType']} to {one['TopicARN'].rpartition(':')[2]}"
            for one in notifications["NotificationConfigurations"]
        ),
        "warm pool": scaling.describe_warm_pool(**by_name).get("WarmPoolConfiguration", {}),
    }


def _by(key: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        one[key]: {name: value for name, value in one.items() if name not in {key, *_OF_RECORDS}}
        for one in found
    }


# --- instances, and what is in front of them


def _raw_instances(aws: Endpoint) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in aws.client("ec2").get_paginator("describe_instances").paginate():
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                if one["State"]["Name"] not in _GONE:
                    yield one["InstanceId"], one


def _instances(aws: Endpoint) -> Iterator[tuple[str, str]]:
    for identifier, one in _raw_instances(aws):
        group, name = _tag(one, GROUP_TAG), _tag(one, "Name")
        yield identifier, f"{one['State']['Name']}, {f'of {group}' if group else f'named {name}'}"


def _tag(instance: dict[str, Any], key: str) -> str | None:
    return next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == key), None)


def _targets(aws: Endpoint) -> Iterator[tuple[str, dict[str, str]]]:
    balancing = aws.client("elbv2")
    for page in balancing.get_paginator("describe_target_groups").paginate():
        for group in page["TargetGroups"]:
            found = balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
            states = {
                f"{one['Target']['Id']}:{one['Target']['Port']}": one["TargetHealth"]["State"]
                for one in found["TargetHealthDescriptions"]
            }
            yield (
                group["TargetGroupName"],
                {target: state for target, state in states.items() if state != "draining"},
            )


def _behind(aws: Endpoint) -> Iterator[tuple[str, dict[str, str]]]:
    balancing = aws.client("elb")
    for balancer in balancing.describe_load_balancers()["LoadBalancerDescriptions"]:
        name = balancer["LoadBalancerName"]
        registered = {one["InstanceId"] for one in balancer["Instances"]}
        found = balancing.describe_instance_health(LoadBalancerName=name)["InstanceStates"]
        yield (
            name,
            {one["InstanceId"]: one["State"] for one in found if one["InstanceId"] in registered},
        )


# --- what else there is


def _launch_templates(aws: Endpoint) -> Iterator[str]:
    pages = aws.client("ec2").get_paginator("describe_launch_templates")
    # moto has no second page, so the first one must be long.
    for page in pages.paginate(PaginationConfig={"PageSize": 200}):
        for one in page["LaunchTemplates"]:
            yield f"{one['LaunchTemplateName']}, {one['LatestVersionNumber']} versions"


def _topics(aws: Endpoint) -> Iterator[str]:
    yield from _last_parts(
        (one["TopicArn"] for one in aws.client("sns").list_topics()["Topics"]), ":"
    )


def _last_parts(names: Iterable[str], separator: str) -> Iterator[str]:
    for name in names:
        yield name.rpartition(separator)[2]


def _shown(states: dict[str, str], with_identities: bool) -> dict[str, Any]:
    return states if with_identities else dict(Counter(states.values()))
