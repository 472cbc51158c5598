"""What a copy of an Auto Scaling group carries over: each thing is kept as it was put."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.inbox import Inbox
from tests.aws.refusals import refused

BLUE, GREEN = "blue", "green"
NAMES = (BLUE, GREEN)


@pytest.fixture
def fleets(aws: Emulator) -> tuple[FleetSite, FleetSite]:
    """Two groups, the second one empty."""
    blue = build_fleet(aws, FleetPlan(name=BLUE, size=1, target_groups=0))
    green = build_fleet(aws, FleetPlan(name=GREEN, size=0, most=4, target_groups=0))
    return blue, green


@pytest.fixture
def scaling(fleets: tuple[FleetSite, FleetSite]) -> Any:
    return fleets[0].aws.client("autoscaling")


def policy(scaling: Any, name: str) -> dict[str, Any]:
    (found,) = scaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    return {key: value for key, value in found.items() if value not in ([], {})}


POLICIES: dict[str, dict[str, Any]] = {
    "simple": {
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": 1,
        "Cooldown": 60,
    },
    "step": {
        "PolicyType": "StepScaling",
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
        "EstimatedInstanceWarmup": 30,
    },
    "target": {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
            "DisableScaleIn": False,
        },
    },
}


@pytest.mark.parametrize("kind", POLICIES)
def test_two_groups_have_a_policy_of_the_same_name_each(scaling: Any, kind: str) -> None:
    for name in NAMES:
        scaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="grow", **POLICIES[kind])

    shown = [policy(scaling, name) for name in NAMES]

    assert all(POLICIES[kind].items() <= one.items() for one in shown)
    assert [one["AutoScalingGroupName"] for one in shown] == list(NAMES)
    assert shown[0]["PolicyARN"] != shown[1]["PolicyARN"]


def test_a_policy_is_deleted_in_one_group_only(scaling: Any) -> None:
    for name in NAMES:
        scaling.put_scaling_policy(
            AutoScalingGroupName=name, PolicyName="grow", **POLICIES["simple"]
        )

    scaling.delete_policy(AutoScalingGroupName=BLUE, PolicyName="grow")

    assert scaling.describe_policies(AutoScalingGroupName=BLUE)["ScalingPolicies"] == []
    assert policy(scaling, GREEN)["PolicyName"] == "grow"


def test_a_policy_that_is_executed_changes_the_capacity(
    scaling: Any, fleets: tuple[FleetSite, FleetSite]
) -> None:
    scaling.put_scaling_policy(AutoScalingGroupName=GREEN, PolicyName="grow", **POLICIES["simple"])

    scaling.execute_policy(AutoScalingGroupName=GREEN, PolicyName="grow")

    fleets[1].wait_for(InService=1)


def test_two_groups_have_a_scheduled_action_of_the_same_name_each(scaling: Any) -> None:
    wanted = {"Recurrence": "0 8 * * *", "MinSize": 1, "MaxSize": 3, "TimeZone": "Etc/UTC"}
    for name in NAMES:
        scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=name, ScheduledActionName="morning", **wanted
        )

    scaling.delete_scheduled_action(AutoScalingGroupName=BLUE, ScheduledActionName="morning")

    (left,) = scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert left["AutoScalingGroupName"] == GREEN
    assert wanted.items() <= left.items()


def test_metrics_are_enabled_and_disabled_one_by_one(
    scaling: Any, fleets: tuple[FleetSite, FleetSite]
) -> None:
    def enabled() -> list[str]:
        return [one["Metric"] for one in fleets[0].described(BLUE)["EnabledMetrics"]]

    scaling.enable_metrics_collection(AutoScalingGroupName=BLUE, Granularity="1Minute")
    every = enabled()
    scaling.disable_metrics_collection(AutoScalingGroupName=BLUE)
    none = enabled()
    some = ["GroupMaxSize", "GroupMinSize"]
    scaling.enable_metrics_collection(
        AutoScalingGroupName=BLUE, Granularity="1Minute", Metrics=some
    )

    assert (len(every), none, enabled()) == (13, [], some)


def test_tags_are_kept_with_whether_they_propagate(scaling: Any) -> None:
    tag = {"ResourceId": GREEN, "ResourceType": "auto-scaling-group", "Key": "Owner"}
    scaling.create_or_update_tags(Tags=[{**tag, "Value": "shop", "PropagateAtLaunch": False}])

    found = scaling.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [GREEN]}])

    shown = {one["Key"]: (one["Value"], one["PropagateAtLaunch"]) for one in found["Tags"]}
    assert shown == {"Name": ("web", True), "Owner": ("shop", False)}


def test_a_topic_hears_of_launches_and_terminations(
    scaling: Any, fleets: tuple[FleetSite, FleetSite]
) -> None:
    blue, _ = fleets
    inbox = Inbox(blue.aws)
    topic = inbox.topic("scaling")
    types = ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"]

    scaling.put_notification_configuration(
        AutoScalingGroupName=BLUE, TopicARN=topic, NotificationTypes=types
    )
    inbox.wait_for(Event="autoscaling:TEST_NOTIFICATION")
    blue.resize(2)
    inbox.wait_for(Event=types[0])
    blue.resize(1)

    inbox.wait_for(Event=types[1])
    shown = scaling.describe_notification_configurations(AutoScalingGroupNames=[BLUE])
    assert shown["NotificationConfigurations"] == [
        {"AutoScalingGroupName": BLUE, "TopicARN": topic, "NotificationType": one} for one in types
    ]


def test_a_topic_hears_no_more_when_that_is_deleted(scaling: Any) -> None:
    topic = scaling_topic(scaling)
    scaling.put_notification_configuration(
        AutoScalingGroupName=BLUE,
        TopicARN=topic,
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
    )

    scaling.delete_notification_configuration(AutoScalingGroupName=BLUE, TopicARN=topic)

    assert scaling.describe_notification_configurations()["NotificationConfigurations"] == []


def scaling_topic(scaling: Any) -> str:
    return f"arn:aws:sns:{scaling.meta.region_name}:123456789012:scaling"


def test_an_unknown_type_of_notification_is_refused(scaling: Any) -> None:
    with refused("ValidationError", "must be among"):
        scaling.put_notification_configuration(
            AutoScalingGroupName=BLUE,
            TopicARN=scaling_topic(scaling),
            NotificationTypes=["autoscaling:EVERYTHING"],
        )


def test_a_warm_pool_is_kept(scaling: Any) -> None:
    wanted = {"MinSize": 1, "MaxGroupPreparedCapacity": 3, "PoolState": "Stopped"}

    scaling.put_warm_pool(AutoScalingGroupName=BLUE, **wanted)

    shown = scaling.describe_warm_pool(AutoScalingGroupName=BLUE)["WarmPoolConfiguration"]
    assert wanted.items() <= shown.items()


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


def create(fleets: tuple[FleetSite, FleetSite]) -> FleetSite:
    return build_fleet(
        fleets[0].aws, FleetPlan(name="copy", size=1, target_groups=0, group=SETTINGS)
    )


def update(fleets: tuple[FleetSite, FleetSite]) -> FleetSite:
    scaling = fleets[0].aws.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName=GREEN, **SETTINGS)
    return fleets[1]


@pytest.mark.parametrize("make", [create, update])
def test_settings_are_kept(
    fleets: tuple[FleetSite, FleetSite],
    make: Callable[[tuple[FleetSite, FleetSite]], FleetSite],
) -> None:
    site = make(fleets)

    assert SETTINGS.items() <= site.described().items()


def test_a_mixed_instances_policy_stays_when_sizes_change(aws: Emulator) -> None:
    template = build_fleet(aws, FleetPlan(name=BLUE, size=0, target_groups=0)).launch_template
    specification = {"LaunchTemplateName": template, "Version": "$Latest"}
    scaling = aws.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=GREEN,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": [{"InstanceType": "t3.large", "WeightedCapacity": "2"}],
            }
        },
        MinSize=0,
        MaxSize=8,
        AvailabilityZones=["us-east-1a"],
    )

    scaling.update_auto_scaling_group(AutoScalingGroupName=GREEN, DesiredCapacity=3)

    (shown,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GREEN])[
        "AutoScalingGroups"
    ]
    (override,) = shown["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert override["WeightedCapacity"] == "2"
    assert [one["WeightedCapacity"] for one in shown["Instances"]] == ["2", "2"]


def test_a_protected_group_is_not_deleted(
    scaling: Any, fleets: tuple[FleetSite, FleetSite]
) -> None:
    protection = {"DeletionProtection": "prevent-force-deletion"}
    scaling.update_auto_scaling_group(AutoScalingGroupName=GREEN, **protection)

    with refused("ValidationError", "protected from deletion"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName=GREEN, ForceDelete=True)

    assert protection.items() <= fleets[1].described(GREEN).items()
