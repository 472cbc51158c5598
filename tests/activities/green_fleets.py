"""A fleet that has everything a copy carries over, and what tests ask of it and its copy."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.auto_scaling_groups import AutoScalingGroups
from codedeploy.auto_scaling import (
    LAUNCH_HOOK_PREFIX,
    AttachmentOrder,
    GreenFleetOrder,
    ScalingGroup,
)
from tests.activities.looks import looks
from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.fleet_snapshot import fleet_snapshot
from tests.aws.inbox import Inbox

BLUE, GREEN, DEPLOYMENT = "web", "CodeDeploy_web_d-ABCDEF123", "d-ABCDEF123"
OUR_HOOK = f"{LAUNCH_HOOK_PREFIX}-web-1"
LABELLED = "requests"
"""The policy that follows a target group, which must be attached before."""

SETTINGS: dict[str, Any] = {
    "DefaultCooldown": 30,
    "HealthCheckType": "ELB",
    "HealthCheckGracePeriod": 15,
    "TerminationPolicies": ["OldestInstance", "Default"],
    "NewInstancesProtectedFromScaleIn": True,
    "CapacityRebalance": True,
    "MaxInstanceLifetime": 86400,
    "DefaultInstanceWarmup": 20,
    "InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
}
POLICIES: tuple[dict[str, Any], ...] = (
    {
        "PolicyName": "one-more",
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": 1,
        "Cooldown": 60,
    },
    {
        "PolicyName": "some-more",
        "PolicyType": "StepScaling",
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
        "EstimatedInstanceWarmup": 30,
    },
    {
        "PolicyName": "half-busy",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
            "DisableScaleIn": False,
        },
    },
    {
        "PolicyName": LABELLED,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget",
                "ResourceLabel": "app/web/1/targetgroup/web-targets-1/2",
            },
            "TargetValue": 100.0,
            "DisableScaleIn": False,
        },
    },
)
HOOKS = [
    {
        "LifecycleHookName": name,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "HeartbeatTimeout": 60,
        "DefaultResult": "CONTINUE",
        "NotificationMetadata": "shop",
    }
    for name in ("backup", OUR_HOOK)
]
SUSPENDED = ("AZRebalance", "ReplaceUnhealthy")
_TAGS = {"Name": "web", "Stage": "live"}


def build_blue(aws: Emulator) -> FleetSite:
    """Build a fleet with settings and belongings of all kinds."""
    site = build_fleet(aws, FleetPlan(tags=_TAGS, group=SETTINGS, balancers=1, least=1))
    scaling, of_blue = aws.client("autoscaling"), {"AutoScalingGroupName": BLUE}
    for policy in POLICIES:
        scaling.put_scaling_policy(**of_blue, **policy)
    for hook in HOOKS:
        scaling.put_lifecycle_hook(**of_blue, **hook)
    for action in scheduled_actions():
        scaling.put_scheduled_update_group_action(**of_blue, **action)
    scaling.put_notification_configuration(
        **of_blue,
        TopicARN=Inbox(aws).topic("scaling"),
        NotificationTypes=["autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_LAUNCH"],
    )
    scaling.enable_metrics_collection(
        **of_blue, Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"]
    )
    scaling.put_warm_pool(**of_blue, MinSize=1, MaxGroupPreparedCapacity=3, PoolState="Stopped")
    scaling.suspend_processes(**of_blue, ScalingProcesses=list(SUSPENDED))
    return site


def scheduled_actions() -> list[dict[str, Any]]:
    """Return an action that recurs, and one that is to come."""
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    return [
        {
            "ScheduledActionName": "morning",
            "Recurrence": "0 8 * * *",
            "MinSize": 1,
            "MaxSize": 3,
            "TimeZone": "Etc/UTC",
        },
        {"ScheduledActionName": "party", "StartTime": tomorrow, "DesiredCapacity": 3},
    ]


def order(**changed: Any) -> GreenFleetOrder:
    """Return the order for a copy of the blue fleet."""
    ordered = {"source": BLUE, "name": GREEN, "size": 2, "owner": DEPLOYMENT}
    return GreenFleetOrder(**ordered | changed)


def often() -> Iterator[float]:
    """Yield pauses for those who are in a hurry."""
    return repeat(0.02)


def run(activity: Callable[..., Awaitable[Any]], *arguments: Any) -> Awaitable[Any]:
    """Run a coroutine as an activity."""
    return ActivityEnvironment().run(activity, *arguments)


async def copied(groups: AutoScalingGroups, ordered: GreenFleetOrder) -> list[str]:
    """Copy, wait, and return who is in service."""
    groups.copy(ordered)
    return list(await run(groups.until_in_service, ordered))


def snapshot_of(aws: Emulator, name: str) -> dict[str, Any]:
    """Return a group as it stands, but for what may differ between a copy and its original."""
    shown = dict(fleet_snapshot(aws, with_identities=False)["auto scaling groups"][name])
    settings = {key: one for key, one in shown["settings"].items() if key != "LoadBalancerNames"}
    tags = {key: one for key, one in shown["tags"].items() if not key.startswith("rollway:")}
    hooks = {key: one for key, one in shown["lifecycle hooks"].items() if key != OUR_HOOK}
    changed = {"settings": settings, "tags": tags, "lifecycle hooks": hooks, "target groups": []}
    return shown | changed


def front_of(site: FleetSite, group: str = BLUE) -> AttachmentOrder:
    """Return everything in front of a site, to be put in front of a group."""
    return AttachmentOrder(
        auto_scaling_group=group,
        target_group_arns=tuple(one.arn for one in site.target_groups),
        load_balancer_names=site.balancers,
    )


def has(aws: Emulator, name: str) -> bool:
    """Whether there is a group of this name."""
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return bool(found["AutoScalingGroups"])


def make(aws: Emulator, site: FleetSite, *tags: dict[str, Any]) -> None:
    """Make a group of the copy's name by hand, which has nothing but these tags."""
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=GREEN,
        LaunchTemplate={"LaunchTemplateName": site.launch_template, "Version": "$Latest"},
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=",".join(site.subnets),
        Tags=list(tags),
    )


def hold_launches(aws: Emulator, group: str) -> None:
    """Let what a group launches from now on wait before it is in service."""
    aws.client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=group,
        LifecycleHookName="warm-up",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )


async def first_trouble(groups: AutoScalingGroups, said: str) -> ScalingGroup:
    """Return the first state of a copy that never comes up whose trouble has these words."""
    told: asyncio.Queue[ScalingGroup]
    async with looks(groups.until_in_service, order()) as told:
        while said not in (seen := await told.get()).trouble:
            pass
    return seen
