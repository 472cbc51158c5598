"""What a copy of an Auto Scaling group is made of: how the original is described, as requests.

A copy bears tags of ours. One names its deployment; the others say what is put right when the
deployment is over, so that nobody needs the original for it, which may be gone by then.

Source: Amazon EC2 Auto Scaling API Reference, AutoScalingGroup, CreateAutoScalingGroup and
SuspendProcesses.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities.scaling_reader import Described, group_of, suspended_in
from codedeploy.auto_scaling import GreenFleetOrder

Request = dict[str, Any]

OWNER = "rollway:deployment"
TO_RESUME = "rollway:resume-after-deployment"
TO_SUSPEND = "rollway:suspend-after-deployment"
TO_PROTECT = "rollway:protect-after-deployment"
UNTIL_SETTLED = (TO_RESUME, TO_SUSPEND, TO_PROTECT)

HELD = frozenset({"AZRebalance", "AlarmNotification", "ScheduledActions"})
"""What would change the size or the instances of a copy while it is deployed to."""

_LAUNCH = "Launch"
_OURS = "rollway:"
_RESERVED = "aws:"
_UNPROTECTED = "none"
_DEFAULT_ROLE = "/AWSServiceRoleForAutoScaling"
_SETTINGS = (
    *("DefaultCooldown", "HealthCheckType", "HealthCheckGracePeriod", "PlacementGroup"),
    *("TerminationPolicies", "NewInstancesProtectedFromScaleIn", "MaxInstanceLifetime"),
    *("CapacityRebalance", "Context", "DesiredCapacityType", "DefaultInstanceWarmup"),
    *("InstanceMaintenancePolicy", "AvailabilityZoneDistribution"),
    *("AvailabilityZoneImpairmentPolicy", "CapacityReservationSpecification"),
    *("InstanceLifecyclePolicy",),
)
_ALTERNATIVES = (
    ("MixedInstancesPolicy", "LaunchTemplate", "LaunchConfigurationName"),
    ("VPCZoneIdentifier", "AvailabilityZones"),
)
"""What is described side by side, although a request names the first of it only."""


def request_of(source: Described, order: GreenFleetOrder) -> Request:
    """Return what CreateAutoScalingGroup is to be told: the copy, without an instance yet."""
    settings = picked(source, _SETTINGS)
    for alternatives in _ALTERNATIVES:
        given = [name for name in alternatives if source.get(name)][:1]
        settings |= {name: _by_id_alone(source[name]) for name in given}
    role = source.get("ServiceLinkedRoleARN", "")
    if role and not role.endswith(_DEFAULT_ROLE):
        settings["ServiceLinkedRoleARN"] = role
    return {
        **settings,
        "AutoScalingGroupName": order.name,
        "MinSize": 0,
        "MaxSize": source["MaxSize"],
        "DesiredCapacity": 0,
        "Tags": tags_of(source, order),
    }


def sizes_of(source: Described, order: GreenFleetOrder) -> Request:
    """Return the sizes of a copy that has come up."""
    least, most = source["MinSize"], source["MaxSize"]
    wanted = clamped(_units(source, order.size), source)
    return {"MinSize": least, "MaxSize": most, "DesiredCapacity": wanted}


def clamped(size: int, described: Described) -> int:
    """Return the size that a group can have which is nearest to `size`."""
    return min(max(size, int(described["MinSize"])), int(described["MaxSize"]))


def capacity_in_service(described: Described) -> int:
    """Return how much of its desired capacity a group has in service and healthy.

    That is a number of instances, unless the group gives its types of instances weights.
    """
    return sum(_weights_in_service(described))


def tags_of(source: Described, order: GreenFleetOrder) -> list[Request]:
    """Return the tags of a copy: those of the original, and ours, which no instance gets."""
    suspended = _suspended_for_long(source)
    there = tags_in(source)
    protection = there.get(TO_PROTECT) or source.get("DeletionProtection", _UNPROTECTED)
    ours = {
        OWNER: order.owner,
        TO_RESUME: " ".join(sorted(HELD - suspended)),
        TO_SUSPEND: " ".join(sorted({_LAUNCH} & suspended)),
        TO_PROTECT: "" if protection == _UNPROTECTED else protection,
    }
    return [
        picked(one, ("Key", "Value", "PropagateAtLaunch"))
        for one in source.get("Tags", ())
        if not one["Key"].startswith((_OURS, _RESERVED))
    ] + [
        {"Key": key, "Value": value, "PropagateAtLaunch": False}
        for key, value in ours.items()
        if value
    ]


def tags_in(described: Described) -> dict[str, str]:
    """Return the tags of a group by their keys."""
    return {one["Key"]: one.get("Value", "") for one in described.get("Tags", ())}


def suspended_meanwhile(source: Described) -> set[str]:
    """Return the processes of a copy that are suspended while it comes up.

    It has to launch, even if the original must not: that waits until the deployment is over.
    """
    return (_suspended_for_long(source) - {_LAUNCH}) | HELD


def _suspended_for_long(source: Described) -> set[str]:
    """Return the processes that are suspended in a group, and not only while it is made.

    A copy that could not be settled is still as it came up, and bears the tags that say so.
    """
    tags = tags_in(source)
    held, owed = (set(tags.get(key, "").split()) for key in (TO_RESUME, TO_SUSPEND))
    return (set(suspended_in(source)) - held) | owed


def missing(wanted: Iterable[Request], there: Sequence[Request]) -> list[Request]:
    """Return what is wanted and not there, or not like this."""
    return [one for one in wanted if one not in there]


def picked(described: Described, names: Iterable[str]) -> Request:
    """Return the members of these names that say something; zero and False do."""
    return {
        name: described[name] for name in names if described.get(name) not in (None, "", [], {})
    }


def _by_id_alone(described: Any) -> Any:
    """Return what is described without the names of launch templates that have an id.

    Requests name a launch template in one way only, and descriptions in two.
    """
    if isinstance(described, list):
        return [_by_id_alone(one) for one in described]
    if not isinstance(described, Mapping):
        return described
    doubled = "LaunchTemplateName" if "LaunchTemplateId" in described else None
    return {key: _by_id_alone(one) for key, one in described.items() if key != doubled}


def _units(source: Described, size: int) -> int:
    """Return the capacity that so many instances have, if they are like the original's."""
    weights = _weights_in_service(source)
    return math.ceil(size * sum(weights) / len(weights)) if weights else size


def _weights_in_service(described: Described) -> list[int]:
    serving = group_of(described).in_service
    return [
        int(one.get("WeightedCapacity") or 1)
        for one in described["Instances"]
        if one["InstanceId"] in serving
    ]
