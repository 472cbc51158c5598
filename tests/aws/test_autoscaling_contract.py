"""What the emulator answers for Auto Scaling groups, asked as anybody asks AWS."""

from collections import Counter
from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, addresses_of, build_fleet, launch_hosts
from tests.aws.lifecycle_actions import WHEN_ASKED_TAG
from tests.aws.refusals import refused
from tests.aws.waiting import until


@pytest.fixture
def site(aws: Emulator) -> FleetSite:
    return build_fleet(aws, FleetPlan(size=2, most=4, target_groups=0, zones=2))


@pytest.fixture
def scaling(site: FleetSite) -> Any:
    return site.aws.client("autoscaling")


def states_of_instances(site: FleetSite, ids: list[str]) -> list[str]:
    found = site.aws.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return [one["Instances"][0]["State"]["Name"] for one in found]


# --- what is launched


def test_instances_have_addresses_of_this_machine_in_turns_of_zones(site: FleetSite) -> None:
    first, second = site.instances()

    assert (first.zone, second.zone) == ("us-east-1a", "us-east-1b")
    assert first.address.startswith("127.1.")
    assert first.address != second.address


def test_instances_carry_the_tags_that_propagate(aws: Emulator) -> None:
    tags = [
        {"Key": "Stage", "Value": "test", "PropagateAtLaunch": True},
        {"Key": "Owner", "Value": "shop", "PropagateAtLaunch": False},
    ]
    site = build_fleet(aws, FleetPlan(size=1, target_groups=0, tags={}, group={"Tags": tags}))

    found = aws.client("ec2").describe_instances(InstanceIds=site.in_service())

    shown = {one["Key"]: one["Value"] for one in found["Reservations"][0]["Instances"][0]["Tags"]}
    assert shown["Stage"] == "test"
    assert shown["aws:autoscaling:groupName"] == "web"
    assert "Owner" not in shown


def test_an_instance_says_which_version_it_was_launched_from(site: FleetSite, scaling: Any) -> None:
    site.aws.client("ec2").create_launch_template_version(
        LaunchTemplateName=site.launch_template,
        LaunchTemplateData={"ImageId": "ami-0fedcba9876543210", "InstanceType": "t3.large"},
    )

    site.resize(3)
    site.wait_for(InService=3)

    shown = site.described()["Instances"]
    assert [one["LaunchTemplate"]["Version"] for one in shown] == ["1", "1", "2"]
    assert [one["InstanceType"] for one in shown] == ["t3.micro", "t3.micro", "t3.large"]


def test_a_refused_launch_is_a_failed_activity(site: FleetSite, scaling: Any) -> None:
    site.aws.client("ec2").delete_launch_template(LaunchTemplateName=site.launch_template)

    site.resize(3)

    (newest, *_) = scaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert newest["StatusCode"] == "Failed"
    assert "Launching EC2 instance failed" in newest["StatusMessage"]
    assert len(site.states()) == 2


def test_instances_can_be_kept_from_coming_up_until_somebody_asks_what_the_group_does(
    site: FleetSite, scaling: Any
) -> None:
    tag = {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": WHEN_ASKED_TAG}
    scaling.create_or_update_tags(Tags=[{**tag, "Value": "yes", "PropagateAtLaunch": False}])
    site.resize(3)
    build_fleet(site.aws, FleetPlan(name="another", size=1, target_groups=0))
    unasked = site.wait_for(InService=2, Pending=1)

    scaling.describe_scaling_activities(AutoScalingGroupName="web")

    assert site.wait_for(InService=3) == unasked


# --- capacity


def test_a_group_shrinks_by_terminating_the_oldest(site: FleetSite) -> None:
    oldest, newest = site.in_service()

    site.resize(1)

    site.wait_for(InService=1)
    assert site.in_service() == [newest]
    assert states_of_instances(site, [oldest]) == ["terminated"]


def test_a_protected_instance_stays(site: FleetSite, scaling: Any) -> None:
    oldest, _ = site.in_service()
    scaling.set_instance_protection(
        AutoScalingGroupName="web", InstanceIds=[oldest], ProtectedFromScaleIn=True
    )

    site.resize(1)

    site.wait_for(InService=1)
    assert site.in_service() == [oldest]


@pytest.mark.parametrize(("size", "bound"), [(5, "max value 4"), (-1, "min value 0")])
def test_a_capacity_out_of_bounds_is_refused(site: FleetSite, size: int, bound: str) -> None:
    with refused("ValidationError", bound):
        site.resize(size)


def test_the_capacity_follows_new_bounds(site: FleetSite, scaling: Any) -> None:
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=3)

    site.wait_for(InService=3)
    assert site.described()["DesiredCapacity"] == 3


def test_an_instance_that_was_terminated_by_hand_is_replaced(site: FleetSite) -> None:
    gone, _ = site.in_service()

    site.aws.client("ec2").terminate_instances(InstanceIds=[gone])

    until(lambda: gone not in site.states())
    site.wait_for(InService=2)


def test_an_unhealthy_instance_is_replaced(site: FleetSite, scaling: Any) -> None:
    ill, _ = site.in_service()

    scaling.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy")

    until(lambda: ill not in site.states())
    site.wait_for(InService=2)


@pytest.mark.parametrize(("decrement", "left"), [(True, 1), (False, 2)], ids=["shrink", "replace"])
def test_an_instance_can_be_terminated_by_name(
    site: FleetSite, scaling: Any, decrement: bool, left: int
) -> None:
    gone, _ = site.in_service()

    activity = scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=gone, ShouldDecrementDesiredCapacity=decrement
    )["Activity"]

    site.wait_for(InService=left)
    assert gone not in site.states()
    assert site.described()["DesiredCapacity"] == left
    assert activity["Description"] == f"Terminating EC2 instance: {gone}"


def test_the_minimal_size_is_not_undercut_by_name(aws: Emulator) -> None:
    site = build_fleet(aws, FleetPlan(size=1, least=1, target_groups=0))

    with refused("ValidationError", "violate group's min size constraint"):
        aws.client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=site.in_service()[0], ShouldDecrementDesiredCapacity=True
        )


def test_an_instance_of_no_group_cannot_be_terminated_by_name(
    site: FleetSite, scaling: Any
) -> None:
    (alone,) = launch_hosts(site.aws, 1, tags={"Name": "alone"})

    with refused("ValidationError", f"No managed instance found for instance ID: {alone}"):
        scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=alone, ShouldDecrementDesiredCapacity=False
        )


# --- processes


def suspend(scaling: Any, *processes: str) -> None:
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=list(processes))


def resume(scaling: Any, *processes: str) -> None:
    scaling.resume_processes(AutoScalingGroupName="web", ScalingProcesses=list(processes))


def test_nothing_is_launched_while_that_is_suspended(site: FleetSite, scaling: Any) -> None:
    suspend(scaling, "Launch")
    site.resize(3)
    while_suspended = len(site.states())

    resume(scaling, "Launch")

    site.wait_for(InService=3)
    assert while_suspended == 2


def test_nothing_is_terminated_while_that_is_suspended(site: FleetSite, scaling: Any) -> None:
    suspend(scaling, "Terminate")
    site.resize(1)
    while_suspended = site.states()

    resume(scaling, "Terminate")

    site.wait_for(InService=1)
    assert list(while_suspended.values()) == ["InService", "InService"]


def test_an_unhealthy_instance_stays_while_replacement_is_suspended(
    site: FleetSite, scaling: Any
) -> None:
    ill, _ = site.in_service()
    suspend(scaling, "ReplaceUnhealthy")
    scaling.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy")
    while_suspended = site.states()[ill]

    resume(scaling, "ReplaceUnhealthy")

    until(lambda: ill not in site.states())
    assert while_suspended == "InService"


def test_suspended_processes_are_told(site: FleetSite, scaling: Any) -> None:
    suspend(scaling, "Terminate", "AZRebalance", "InstanceRefresh", "ScheduledActions")
    resume(scaling, "Terminate")

    shown = site.described()["SuspendedProcesses"]

    names = [one["ProcessName"] for one in shown]
    assert names == ["AZRebalance", "InstanceRefresh", "ScheduledActions"]


def test_all_processes_are_meant_if_none_is_named(site: FleetSite, scaling: Any) -> None:
    scaling.suspend_processes(AutoScalingGroupName="web")
    suspended = len(site.described()["SuspendedProcesses"])

    scaling.resume_processes(AutoScalingGroupName="web")

    assert suspended == 9
    assert site.described()["SuspendedProcesses"] == []


def test_an_unknown_process_is_refused(site: FleetSite, scaling: Any) -> None:
    with refused("ValidationError", "launch must be among"):
        suspend(scaling, "launch")


# --- standby, attach, detach


def test_an_instance_in_standby_is_not_capacity(site: FleetSite, scaling: Any) -> None:
    resting, _ = site.in_service()

    scaling.enter_standby(
        AutoScalingGroupName="web", InstanceIds=[resting], ShouldDecrementDesiredCapacity=True
    )
    at_rest = (site.states()[resting], site.described()["DesiredCapacity"], len(site.states()))
    scaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[resting])

    site.wait_for(InService=2)
    assert at_rest == ("Standby", 1, 2)
    assert site.described()["DesiredCapacity"] == 2


def test_an_instance_in_standby_is_replaced_if_the_capacity_stays(
    site: FleetSite, scaling: Any
) -> None:
    resting, _ = site.in_service()

    scaling.enter_standby(
        AutoScalingGroupName="web", InstanceIds=[resting], ShouldDecrementDesiredCapacity=False
    )

    site.wait_for(Standby=1, InService=2)


def test_a_detached_instance_runs_on(site: FleetSite, scaling: Any) -> None:
    leaving, _ = site.in_service()

    scaling.detach_instances(
        AutoScalingGroupName="web", InstanceIds=[leaving], ShouldDecrementDesiredCapacity=True
    )

    assert leaving not in site.states()
    assert states_of_instances(site, [leaving]) == ["running"]
    assert site.described()["DesiredCapacity"] == 1


def test_an_attached_instance_is_capacity(site: FleetSite, scaling: Any) -> None:
    (coming,) = launch_hosts(site.aws, 1, tags={"Name": "alone"})

    scaling.attach_instances(AutoScalingGroupName="web", InstanceIds=[coming])

    site.wait_for(InService=3)
    assert coming in site.states()
    assert site.described()["DesiredCapacity"] == 3


def test_an_unknown_instance_is_refused(site: FleetSite, scaling: Any) -> None:
    with refused("ValidationError", "is not part of Auto Scaling group web"):
        scaling.detach_instances(
            AutoScalingGroupName="web",
            InstanceIds=["i-0123456789abcdef0"],
            ShouldDecrementDesiredCapacity=True,
        )


# --- groups


def test_a_name_is_taken_once(site: FleetSite, scaling: Any) -> None:
    with refused("AlreadyExists", "web"):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="web",
            LaunchTemplate={"LaunchTemplateName": site.launch_template},
            MinSize=0,
            MaxSize=1,
            VPCZoneIdentifier=site.subnets[0],
        )


def test_a_group_behind_something_that_is_not_there_is_not_made(aws: Emulator) -> None:
    with refused("ValidationError", "Load Balancers may not be valid"):
        build_fleet(aws, FleetPlan(target_groups=0, group={"LoadBalancerNames": ["nowhere"]}))

    found = aws.client("autoscaling").describe_auto_scaling_groups()
    assert found["AutoScalingGroups"] == []


def test_a_group_with_instances_is_not_deleted_without_force(site: FleetSite, scaling: Any) -> None:
    with refused("ResourceInUse", "while there are instances"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web")

    assert len(site.states()) == 2


def test_a_forced_deletion_terminates_all_without_hooks(site: FleetSite, scaling: Any) -> None:
    ids = site.in_service()
    scaling.put_lifecycle_hook(
        AutoScalingGroupName="web",
        LifecycleHookName="leave",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )

    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)

    until(lambda: not scaling.describe_auto_scaling_groups()["AutoScalingGroups"])
    assert states_of_instances(site, ids) == ["terminated", "terminated"]


def test_an_empty_group_is_deleted_with_all_that_belongs_to_it(
    site: FleetSite, scaling: Any
) -> None:
    scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="grow",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    site.resize(0)
    site.wait_for()

    scaling.delete_auto_scaling_group(AutoScalingGroupName="web")

    assert scaling.describe_policies()["ScalingPolicies"] == []
    with refused("ValidationError", "'web' not found"):
        scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("update_auto_scaling_group", {"MinSize": 0}),
        ("delete_auto_scaling_group", {}),
        ("set_desired_capacity", {"DesiredCapacity": 1}),
        ("suspend_processes", {}),
        ("describe_traffic_sources", {}),
        ("describe_warm_pool", {}),
    ],
)
def test_a_group_that_is_gone_is_a_validation_error(
    aws: Emulator, operation: str, members: dict[str, Any]
) -> None:
    with refused("ValidationError", "AutoScalingGroup name not found"):
        getattr(aws.client("autoscaling"), operation)(AutoScalingGroupName="gone", **members)


# --- what is told


def test_activities_are_told_page_by_page_with_the_newest_first(
    site: FleetSite, scaling: Any
) -> None:
    site.resize(3)
    site.wait_for(InService=3)

    first = scaling.describe_scaling_activities(AutoScalingGroupName="web", MaxRecords=2)
    second = scaling.describe_scaling_activities(
        AutoScalingGroupName="web", MaxRecords=2, NextToken=first["NextToken"]
    )

    told = [one["Description"].rpartition(" ")[2] for one in first["Activities"]]
    told += [one["Description"].rpartition(" ")[2] for one in second["Activities"]]
    assert told == list(reversed(site.states()))
    assert "NextToken" not in second


def test_instances_are_told_page_by_page(site: FleetSite, scaling: Any) -> None:
    pages = scaling.get_paginator("describe_auto_scaling_instances").paginate(
        PaginationConfig={"PageSize": 1}
    )

    found = [[one["InstanceId"] for one in page["AutoScalingInstances"]] for page in pages]

    assert found == [[one] for one in site.in_service()]


def test_addresses_are_each_given_once(aws: Emulator) -> None:
    first = build_fleet(aws, FleetPlan(name="one", size=2, target_groups=0))
    second = build_fleet(aws, FleetPlan(name="two", size=2, target_groups=0))

    ids = first.in_service() + second.in_service()

    assert max(Counter(addresses_of(aws, ids).values()).values()) == 1
