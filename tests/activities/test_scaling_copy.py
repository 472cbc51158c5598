from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.scaling_copy import (
    HELD,
    capacity_in_service,
    request_of,
    sizes_of,
    suspended_meanwhile,
    tags_of,
)
from tests.activities.green_fleets import BLUE, DEPLOYMENT, GREEN, order

PROCESSES = (*sorted(HELD), "Launch", "Terminate", "ReplaceUnhealthy", "AddToLoadBalancer")
TEMPLATE = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": "$Latest"}
BY_ID = {"LaunchTemplateId": "lt-1", "Version": "$Latest"}


def described(**more: Any) -> dict[str, Any]:
    """Return a group as Auto Scaling describes it."""
    return {
        "AutoScalingGroupName": BLUE,
        "MinSize": 0,
        "MaxSize": 10,
        "DesiredCapacity": 2,
        "Instances": [],
        **more,
    }


def suspending(processes: Any) -> dict[str, Any]:
    return described(SuspendedProcesses=[{"ProcessName": one} for one in processes])


def instance(state: str = "InService", health: str = "Healthy", **more: Any) -> dict[str, Any]:
    named = {"InstanceId": f"i-{state}-{health}-{len(more)}"}
    return {**named, "LifecycleState": state, "HealthStatus": health, **more}


def ours(source: dict[str, Any]) -> dict[str, str]:
    """Return the tags of ours that a copy bears."""
    tags = {one["Key"]: one["Value"] for one in tags_of(source, order())}
    return {key.removeprefix("rollway:"): value for key, value in tags.items() if ":" in key}


# --- the request


def test_a_copy_begins_without_instances_and_without_load_balancers() -> None:
    source = described(TargetGroupARNs=["arn:tg"], LoadBalancerNames=["classic"], MinSize=1)

    request = request_of(source, order())

    assert request["AutoScalingGroupName"] == GREEN
    assert (request["MinSize"], request["DesiredCapacity"], request["MaxSize"]) == (0, 0, 10)
    assert not {"TargetGroupARNs", "LoadBalancerNames", "TrafficSources"} & request.keys()


def test_a_launch_template_is_named_by_its_id_alone() -> None:
    assert request_of(described(LaunchTemplate=TEMPLATE), order())["LaunchTemplate"] == BY_ID


def test_the_launch_templates_of_a_mixed_instances_policy_are_named_by_their_ids_alone() -> None:
    override = {"InstanceType": "t3.large", "LaunchTemplateSpecification": TEMPLATE}
    policy = {
        "LaunchTemplate": {"LaunchTemplateSpecification": TEMPLATE, "Overrides": [override]},
        "InstancesDistribution": {"OnDemandBaseCapacity": 0},
    }

    request = request_of(described(MixedInstancesPolicy=policy, LaunchTemplate=TEMPLATE), order())

    assert request["MixedInstancesPolicy"] == {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": BY_ID,
            "Overrides": [override | {"LaunchTemplateSpecification": BY_ID}],
        },
        "InstancesDistribution": {"OnDemandBaseCapacity": 0},
    }
    assert "LaunchTemplate" not in request


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"LaunchConfigurationName": "old"}, id="launch configuration"),
        pytest.param({"AvailabilityZones": ["us-east-1a"]}, id="zones without subnets"),
        pytest.param({"DefaultCooldown": 0}, id="zero"),
        pytest.param({"CapacityRebalance": False}, id="false"),
        pytest.param({"ServiceLinkedRoleARN": "arn:aws:iam::1:role/mine"}, id="role"),
    ],
)
def test_a_setting_is_carried_over(setting: dict[str, Any]) -> None:
    assert setting.items() <= request_of(described(**setting), order()).items()


def test_subnets_say_which_zones_there_are() -> None:
    source = described(VPCZoneIdentifier="subnet-1", AvailabilityZones=["us-east-1a"])

    request = request_of(source, order())

    assert request["VPCZoneIdentifier"] == "subnet-1"
    assert "AvailabilityZones" not in request


def test_the_default_role_is_not_named_as_naming_it_takes_a_right() -> None:
    role = "arn:aws:iam::1:role/aws-service-role/autoscaling/AWSServiceRoleForAutoScaling"

    assert "ServiceLinkedRoleARN" not in request_of(described(ServiceLinkedRoleARN=role), order())


# --- tags


def test_a_copy_bears_the_tags_of_its_original_and_its_deployment() -> None:
    name = {"Key": "Name", "Value": "web", "PropagateAtLaunch": True}
    formers = [{"Key": key, "Value": "x"} for key in ("rollway:deployment", "aws:cloudformation")]
    source = described(Tags=[{**name, "ResourceId": BLUE}, *formers])

    tags = tags_of(source, order())

    assert tags[:2] == [
        name,
        {"Key": "rollway:deployment", "Value": DEPLOYMENT, "PropagateAtLaunch": False},
    ]
    assert "aws:cloudformation" not in {one["Key"] for one in tags}


def test_the_tags_say_what_is_put_right_when_the_deployment_is_over() -> None:
    source = suspending(["AZRebalance", "Launch", "Terminate"])

    assert ours(source | {"DeletionProtection": "prevent-all-deletion"}) == {
        "deployment": DEPLOYMENT,
        "resume-after-deployment": "AlarmNotification ScheduledActions",
        "suspend-after-deployment": "Launch",
        "protect-after-deployment": "prevent-all-deletion",
    }


@given(st.sets(st.sampled_from(PROCESSES)))
def test_what_is_suspended_meanwhile_and_put_right_after_is_what_the_original_has(
    suspended: set[str],
) -> None:
    source = suspending(suspended)
    tags = ours(source)

    meanwhile = suspended_meanwhile(source)
    after = meanwhile - set(tags.get("resume-after-deployment", "").split())
    after |= set(tags.get("suspend-after-deployment", "").split())

    assert meanwhile >= HELD
    assert "Launch" not in meanwhile
    assert after == suspended


@given(st.sets(st.sampled_from(PROCESSES)))
def test_the_copy_of_one_that_was_never_settled_is_as_the_first_original(
    suspended: set[str],
) -> None:
    source = suspending(suspended) | {"DeletionProtection": "prevent-all-deletion"}
    unsettled = suspending(suspended_meanwhile(source)) | {"Tags": tags_of(source, order())}

    assert ours(unsettled) == ours(source)
    assert suspended_meanwhile(unsettled) == suspended_meanwhile(source)


# --- sizes


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 20))
def test_a_copy_has_the_size_ordered_as_far_as_its_bounds_allow(
    size: int, least: int, above: int
) -> None:
    sizes = sizes_of(described(MinSize=least, MaxSize=least + above), order(size=size))

    assert (sizes["MinSize"], sizes["MaxSize"]) == (least, least + above)
    assert sizes["DesiredCapacity"] == sorted((least, size, least + above))[1]


def test_instances_with_weights_count_as_much_as_they_weigh() -> None:
    weighty = [
        instance(WeightedCapacity="2"),
        instance(WeightedCapacity="4", InstanceType="t3.large"),
        instance("Pending", WeightedCapacity="9"),
        instance(health="Unhealthy", WeightedCapacity="9"),
    ]
    source = described(Instances=weighty)

    assert capacity_in_service(source) == 6
    assert sizes_of(source, order(size=2))["DesiredCapacity"] == 6
