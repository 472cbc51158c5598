"""What an Auto Scaling group has besides itself: each kind read as the requests that would put it.

Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, PutScalingPolicy,
PutScheduledUpdateGroupAction, PutNotificationConfiguration and PutWarmPool.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from activities.scaling_copy import Request, picked
from activities.scaling_reader import Described, ScalingReader, ask, asking_scaling, listed
from codedeploy.auto_scaling import LAUNCH_HOOK_PREFIX, TERMINATION_HOOK_PREFIX

_HOOK = (
    *("LifecycleHookName", "LifecycleTransition", "RoleARN", "NotificationTargetARN"),
    *("NotificationMetadata", "HeartbeatTimeout", "DefaultResult"),
)
_POLICY = (
    *("PolicyName", "PolicyType", "AdjustmentType", "MinAdjustmentMagnitude", "ScalingAdjustment"),
    *("Cooldown", "MetricAggregationType", "StepAdjustments", "EstimatedInstanceWarmup"),
    *("TargetTrackingConfiguration", "Enabled", "PredictiveScalingConfiguration"),
)
_SCHEDULED = (
    *("ScheduledActionName", "StartTime", "EndTime", "Recurrence", "MinSize", "MaxSize"),
    *("DesiredCapacity", "TimeZone"),
)
_SCHEDULED_ACTIONS = ("DescribeScheduledActions", "ScheduledUpdateGroupActions")
_WARM_POOL = ("MaxGroupPreparedCapacity", "MinSize", "PoolState", "InstanceReusePolicy")
_BY_ALARMS = ("SimpleScaling", "StepScaling")


class Belongings:
    """Reads what belongs to one group.

    Args:
        reader: Whose client is asked.
        name: Of the group.
    """

    def __init__(self, reader: ScalingReader, name: str) -> None:
        self._reader, self._name = reader, name

    def hooks(self) -> list[Request]:
        """Return the lifecycle hooks, but for those that deployment groups put there.

        A copy gets its own of those when it becomes part of the deployment group.
        """
        ours = (LAUNCH_HOOK_PREFIX, TERMINATION_HOOK_PREFIX)
        return [
            picked(one, _HOOK)
            for one in self._reader.hooks(self._name) or ()
            if not one["LifecycleHookName"].startswith(ours)
        ]

    def policies(self) -> list[Request]:
        """Return the scaling policies of all types, without their alarms."""
        return [picked(one, _POLICY) for one in self._policies()]

    def alarms(self) -> dict[str, tuple[str, ...]]:
        """Return the alarms that somebody has made to start scaling policies, by policy."""
        return alarms_of(self._policies())

    def scheduled_actions(self) -> list[Request]:
        """Return the scheduled actions that are still to come.

        The start of one that recurs is left out once it has passed: it is not accepted again.
        """
        found, now = self._listed(*_SCHEDULED_ACTIONS), datetime.now(UTC)
        return [one for each in found for one in to_come(picked(each, _SCHEDULED), now)]

    def notifications(self) -> list[Request]:
        """Return which topics hear of what."""
        by_topic: dict[str, list[str]] = {}
        with asking_scaling("DescribeNotificationConfigurations", self._name):
            pages = self._reader.client.get_paginator("describe_notification_configurations")
            answer = pages.paginate(AutoScalingGroupNames=[self._name]).build_full_result()
        for one in answer.get("NotificationConfigurations", ()):
            by_topic.setdefault(one["TopicARN"], []).append(one["NotificationType"])
        return [
            {"TopicARN": topic, "NotificationTypes": sorted(types)}
            for topic, types in by_topic.items()
        ]

    def warm_pool(self) -> list[Request]:
        """Return the warm pool, as the only one or none; one that is being deleted is none."""
        answer = ask(self._reader.client, "DescribeWarmPool", self._name)
        pool: Described = answer.get("WarmPoolConfiguration", {})
        return [picked(pool, _WARM_POOL)] if pool and not pool.get("Status") else []

    def _policies(self) -> list[Described]:
        return self._listed("DescribePolicies", "ScalingPolicies")

    def _listed(self, action: str, member: str) -> list[Described]:
        return listed(self._reader.client, action, self._name, member)


def needs_load_balancer(policy: Any) -> bool:
    """Whether a policy follows the requests of a target group, which must be attached before.

    Source: Amazon EC2 Auto Scaling API Reference, PredefinedMetricSpecification (ResourceLabel).
    """
    if isinstance(policy, Mapping):
        return "ResourceLabel" in policy or any(map(needs_load_balancer, policy.values()))
    return isinstance(policy, list) and any(map(needs_load_balancer, policy))


def alarms_of(policies: Iterable[Described]) -> dict[str, tuple[str, ...]]:
    """Return the alarms that start policies, by policy; AWS makes those of the other types."""
    return {
        one["PolicyName"]: tuple(alarm["AlarmName"] for alarm in one["Alarms"])
        for one in policies
        if one.get("PolicyType") in _BY_ALARMS and one.get("Alarms")
    }


def to_come(action: Request, now: datetime) -> Iterator[Request]:
    """Yield a scheduled action as it can be put now; nothing, if it is over."""
    if action.get("EndTime", now) < now:
        return
    if action.get("StartTime", now) >= now:
        yield action
    elif "Recurrence" in action:
        yield {name: value for name, value in action.items() if name != "StartTime"}
