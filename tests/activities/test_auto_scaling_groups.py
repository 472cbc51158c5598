from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.auto_scaling_groups import AutoScalingGroups
from activities.aws import Aws
from codedeploy.auto_scaling import (
    AttachmentOrder,
    InstancesOrder,
    MembersOrder,
    ProcessesOrder,
    ScalingGroup,
    ScalingQuestion,
)
from tests.activities.green_fleets import (
    BLUE,
    GREEN,
    SUSPENDED,
    build_blue,
    copied,
    first_trouble,
    front_of,
    has,
    hold_launches,
    often,
    order,
    run,
)
from tests.aws.authorization import assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet, launch_hosts
from tests.aws.fleet_snapshot import difference, fleet_snapshot, orphans
from tests.aws.waiting import until
from tests.policies import Policy, documented, without


@pytest.fixture
def groups(clients: Aws) -> AutoScalingGroups:
    return AutoScalingGroups(clients, pauses=often)


@pytest.fixture
def plain(aws: Emulator) -> FleetSite:
    """A fleet of two behind a target group and a classic load balancer."""
    return build_fleet(aws, FleetPlan(balancers=1))


# --- looking


def test_groups_are_described_in_the_order_asked_for(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    build_fleet(aws, FleetPlan(name="aside", size=0, target_groups=0))

    shown = groups.look(ScalingQuestion(names=(BLUE, "aside")))

    assert [one.name for one in shown] == [BLUE, "aside"]
    assert sorted(shown[0].in_service) == sorted(plain.in_service())
    assert {one.zone for one in shown[0].instances} == {"us-east-1a", "us-east-1b"}
    assert shown[0].target_group_arns == (plain.target_groups[0].arn,)
    assert shown[0].load_balancer_names == plain.balancers


def test_suspended_processes_of_a_group_are_told(aws: Emulator, groups: AutoScalingGroups) -> None:
    build_blue(aws)

    (shown,) = groups.look(ScalingQuestion(names=(BLUE,)))

    assert shown.suspended == SUSPENDED


def test_more_groups_than_one_call_takes_are_all_found(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    template = build_fleet(aws, FleetPlan(size=0, target_groups=0)).launch_template
    names = [f"group-{number}" for number in range(51)]
    for name in names:
        aws.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": template},
            MinSize=0,
            MaxSize=0,
            AvailabilityZones=["us-east-1a"],
        )

    shown = groups.look(ScalingQuestion(names=tuple(names)))

    assert [one.name for one in shown] == names


def test_no_names_are_no_groups(plain: FleetSite, groups: AutoScalingGroups) -> None:
    assert groups.look(ScalingQuestion(names=())) == ()


def test_a_group_that_does_not_exist_is_named(plain: FleetSite, groups: AutoScalingGroups) -> None:
    with pytest.raises(ApplicationError, match="no Auto Scaling group nowhere") as error:
        groups.look(ScalingQuestion(names=(BLUE, "nowhere")))

    assert error.value.type == "AUTO_SCALING_CONFIGURATION"
    assert error.value.non_retryable


# --- deleting


async def test_a_deleted_copy_leaves_nothing_behind(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    site = build_blue(aws)
    before, lost = fleet_snapshot(aws), orphans(aws)
    await copied(groups, order())
    groups.attach(front_of(site, GREEN))

    for _ in range(2):
        await run(groups.delete, order())

    assert not has(aws, GREEN)
    assert difference(before, fleet_snapshot(aws)) == []
    assert orphans(aws) == lost


async def test_a_deletion_that_is_under_way_is_waited_for(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    await copied(groups, order())
    groups.attach(front_of(plain, GREEN))
    until(lambda: len(plain.targets(plain.target_groups[0])) == 4)
    aws.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=GREEN, ForceDelete=True
    )
    watching, told = ActivityEnvironment(), list[ScalingGroup]()
    watching.on_heartbeat = told.append

    await watching.run(groups.delete, order())

    assert not has(aws, GREEN)
    assert f"{GREEN} is deleted, but not gone yet: 2 Terminating" in told[0].trouble


async def test_groups_are_retired_by_name_once_or_twice(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    build_fleet(aws, FleetPlan(name="aside", size=1, target_groups=0))

    for _ in range(2):
        await run(groups.retire, ScalingQuestion(names=(BLUE, "aside")))

    assert not has(aws, BLUE)
    assert not has(aws, "aside")
    assert orphans(aws) == []


async def test_a_protected_group_is_not_deleted(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    protection = {"DeletionProtection": "prevent-force-deletion"}
    aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=BLUE, **protection)

    with pytest.raises(ApplicationError, match="web is not deleted: its deletion prot") as error:
        await run(groups.retire, ScalingQuestion(names=(BLUE,)))

    assert error.value.type == "AUTO_SCALING_CONFIGURATION"
    assert "--deletion-protection none" in error.value.message
    assert has(aws, BLUE)


async def test_a_protected_group_keeps_no_other_from_being_deleted(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    build_fleet(aws, FleetPlan(name="aside", size=1, target_groups=0))
    protection = {"DeletionProtection": "prevent-force-deletion"}
    aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=BLUE, **protection)

    with pytest.raises(ApplicationError, match="web is not deleted: its deletion prot"):
        await run(groups.retire, ScalingQuestion(names=(BLUE, "aside")))

    assert has(aws, BLUE)
    assert not has(aws, "aside")


# --- what is in front


async def test_load_balancers_are_attached_and_detached_once_or_twice(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    before = fleet_snapshot(aws)

    for _ in range(2):
        await run(groups.detach, front_of(plain))

    assert plain.described().get("TargetGroupARNs", []) == []
    assert plain.described().get("LoadBalancerNames", []) == []
    assert plain.targets(plain.target_groups[0]) == {}
    assert plain.behind(plain.balancers[0]) == {}

    for _ in range(2):
        groups.attach(front_of(plain))

    until(lambda: plain.are_healthy(plain.in_service()))
    assert difference(before, fleet_snapshot(aws)) == []


async def test_more_target_groups_than_one_call_takes_are_attached_and_detached(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    site = build_fleet(aws, FleetPlan(size=0, target_groups=11))
    await run(groups.detach, front_of(site))

    groups.attach(front_of(site))

    assert len(site.described()["TargetGroupARNs"]) == 11


async def test_a_group_that_is_gone_has_nothing_in_front(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    await run(groups.detach, front_of(plain, "nowhere"))

    with pytest.raises(ApplicationError, match="no Auto Scaling group nowhere"):
        groups.attach(front_of(plain, "nowhere"))


def test_a_target_group_that_does_not_exist_is_named(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    missing = f"{plain.target_groups[0].arn}0"

    with pytest.raises(ApplicationError, match="AttachLoadBalancerTargetGroups on web") as error:
        groups.attach(AttachmentOrder(auto_scaling_group=BLUE, target_group_arns=(missing,)))

    assert missing in error.value.message
    assert error.value.non_retryable


# --- processes


def test_processes_are_suspended_and_resumed_once_or_twice(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    processes = ProcessesOrder(auto_scaling_group=BLUE, processes=("Terminate", "AZRebalance"))
    question = ScalingQuestion(names=(BLUE,))

    for _ in range(2):
        groups.suspend(processes)
    assert groups.look(question)[0].suspended == ("AZRebalance", "Terminate")

    for _ in range(2):
        groups.resume(processes)
    assert groups.look(question)[0].suspended == ()


def test_no_processes_are_not_all_processes(plain: FleetSite, groups: AutoScalingGroups) -> None:
    question = ScalingQuestion(names=(BLUE,))
    none = ProcessesOrder(auto_scaling_group=BLUE, processes=())

    groups.suspend(none)
    assert groups.look(question)[0].suspended == ()

    groups.suspend(none.model_copy(update={"processes": ("Terminate",)}))
    groups.resume(none)
    assert groups.look(question)[0].suspended == ("Terminate",)


def test_a_group_that_is_gone_has_no_processes_to_resume(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    processes = ProcessesOrder(auto_scaling_group="nowhere", processes=("Terminate",))

    groups.resume(processes)

    with pytest.raises(ApplicationError, match="not found") as error:
        groups.suspend(processes)
    assert error.value.non_retryable


def test_a_process_that_does_not_exist_is_refused(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    unknown = ProcessesOrder(auto_scaling_group=BLUE, processes=("Sleep",))

    for activity in (groups.suspend, groups.resume):
        with pytest.raises(ApplicationError, match="Sleep must be among") as error:
            activity(unknown)
        assert error.value.type == "AUTO_SCALING_CONFIGURATION"


# --- instances


async def test_instances_are_terminated_once_or_twice(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    names = launch_hosts(aws, 3, tags={"Name": "web"})
    going = InstancesOrder(names=(*names[:2], "i-00000000000000000"))

    for _ in range(2):
        await run(groups.terminate, going)

    assert fleet_snapshot(aws)["instances"] == {names[2]: "running, named web"}


async def test_a_protected_instance_is_named(aws: Emulator, groups: AutoScalingGroups) -> None:
    (name,) = launch_hosts(aws, 1, tags={"Name": "web"})
    protection = {"DisableApiTermination": {"Value": True}}
    aws.client("ec2").modify_instance_attribute(InstanceId=name, **protection)

    with pytest.raises(ApplicationError, match=f"ec2:TerminateInstances on {name} is") as error:
        await run(groups.terminate, InstancesOrder(names=(name,)))

    assert "no-disable-api-termination" in error.value.message
    assert error.value.non_retryable


# --- rights


def acting(aws: Emulator, monkeypatch: pytest.MonkeyPatch, policy: Policy) -> Aws:
    """Return what a worker asks AWS with that may do what `policy` says."""
    credentials = assume(aws, "worker", policy)
    for name, value in (aws.environment | credentials.environment).items():
        monkeypatch.setenv(name, value)
    return Aws()


async def test_the_documented_policy_is_enough(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = build_blue(aws)
    worker = acting(aws, monkeypatch, documented("auto-scaling"))
    groups = AutoScalingGroups(worker, pauses=often)
    processes = ProcessesOrder(auto_scaling_group=GREEN, processes=("Terminate",))

    with authorization(aws):
        (found,) = groups.look(ScalingQuestion(names=(BLUE,)))
        await copied(groups, order())
        groups.attach(front_of(site, GREEN))
        groups.settle(order())
        groups.suspend(processes)
        groups.resume(processes)
        (green,) = groups.look(ScalingQuestion(names=(GREEN,)))
        groups.replace_others(MembersOrder(auto_scaling_group=GREEN, names=green.in_service[:1]))
        await run(groups.detach, front_of(site, GREEN))
        await run(groups.delete, order())
        await run(groups.terminate, InstancesOrder(names=found.in_service))
        await run(groups.retire, ScalingQuestion(names=(BLUE,)))
    worker.close()

    assert fleet_snapshot(aws)["auto scaling groups"] == {}


async def test_reasons_that_may_not_be_read_are_no_reason_to_fail(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered, reasons = order(size=1), "autoscaling:DescribeScalingActivities"
    groups.copy(ordered)
    hold_launches(aws, GREEN)
    worker = acting(aws, monkeypatch, without(documented("auto-scaling"), reasons))
    aws.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GREEN, DesiredCapacity=3)

    with authorization(aws):
        seen = await first_trouble(AutoScalingGroups(worker, pauses=often), "what failed last")
    worker.close()

    assert f"Allow {reasons}" in seen.trouble


async def test_a_throttled_look_for_reasons_is_tried_again(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups, failing: Faults
) -> None:
    groups.copy(order(size=1))
    hold_launches(aws, GREEN)
    aws.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GREEN, DesiredCapacity=3)
    failing.throttle("autoscaling", "DescribeScalingActivities")

    with pytest.raises(ApplicationError) as error:
        await run(groups.until_in_service, order())

    assert (error.value.type, error.value.non_retryable) == ("THROTTLED", False)
    await first_trouble(groups, "are in service and healthy")


def test_members_that_are_replaced_go_and_others_come(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    first, second = plain.in_service()
    order = MembersOrder(auto_scaling_group=plain.group, names=(second,))

    replaced = groups.replace_others(order)

    assert replaced == (first,)
    until(lambda: first not in plain.states() and len(plain.in_service()) == 2)
    assert second in plain.in_service()


def test_a_member_that_is_on_its_way_out_is_not_replaced_again(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    first, second = plain.in_service()
    aws.client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=plain.group,
        LifecycleHookName="farewell",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    order = MembersOrder(auto_scaling_group=plain.group, names=(second,))
    groups.replace_others(order)
    until(lambda: len(plain.in_service()) == 2)
    (third,) = {*plain.in_service()} - {second}

    again = groups.replace_others(order.model_copy(update={"names": (second, third)}))

    assert again == ()
    assert first in plain.states()


def test_a_member_that_goes_by_itself_meanwhile_is_no_reason_to_fail(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups, clients: Aws
) -> None:
    first, second = plain.in_service()

    def go(**_: Any) -> None:
        aws.client("ec2").terminate_instances(InstanceIds=[first])
        until(lambda: first not in plain.states())

    action = "TerminateInstanceInAutoScalingGroup"
    clients.client("autoscaling", None).meta.events.register(
        f"before-call.autoscaling.{action}", go
    )

    groups.replace_others(MembersOrder(auto_scaling_group=plain.group, names=(second,)))

    until(lambda: len(plain.in_service()) == 2)
    assert second in plain.in_service()


def test_a_member_that_a_hook_holds_on_its_way_in_is_replaced_too(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    there = tuple(plain.in_service())
    hold_launches(aws, plain.group)
    plain.resize(3)
    until(lambda: "Pending:Wait" in plain.states().values())
    (held,) = {*plain.states()} - {*there}

    replaced = groups.replace_others(MembersOrder(auto_scaling_group=plain.group, names=there))

    assert replaced == (held,)
