from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.auto_scaling_groups import AutoScalingGroups
from activities.aws import Aws
from codedeploy.auto_scaling import (
    ProcessesOrder,
    ScalingQuestion,
)
from tests.activities.green_fleets import (
    BLUE,
    DEPLOYMENT,
    GREEN,
    LABELLED,
    SUSPENDED,
    build_blue,
    copied,
    first_trouble,
    front_of,
    has,
    hold_launches,
    make,
    often,
    order,
    run,
    snapshot_of,
)
from tests.activities.lost_rights import without_right
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.fleet_snapshot import difference, fleet_snapshot
from tests.aws.waiting import until

OWNER_TAG = {"Key": "rollway:deployment", "Value": DEPLOYMENT, "PropagateAtLaunch": False}
NO_INSTANCES: dict[str, Any] = {"instances": {}}
UNSET: dict[str, Any] = {"settings": {}}
CHANGES = (
    *("CreateAutoScalingGroup", "SuspendProcesses", "EnableMetricsCollection"),
    *("PutLifecycleHook", "PutNotificationConfiguration", "PutScheduledUpdateGroupAction"),
    *("PutScalingPolicy", "UpdateAutoScalingGroup", "PutWarmPool"),
)


@pytest.fixture
def groups(clients: Aws) -> AutoScalingGroups:
    return AutoScalingGroups(clients, pauses=often)


@pytest.fixture
def plain(aws: Emulator) -> FleetSite:
    """A fleet of two behind a target group and a classic load balancer."""
    return build_fleet(aws, FleetPlan(balancers=1))


# --- copying


async def test_a_settled_copy_is_like_its_original_in_everything(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    site = build_blue(aws)

    await copied(groups, order())
    groups.attach(front_of(site, GREEN))
    groups.settle(order())

    blue = snapshot_of(aws, BLUE)
    green = snapshot_of(aws, GREEN) | {"target groups": []}
    assert difference(blue, green) == []
    assert len(blue["policies"]) == 4
    assert blue["warm pool"] != {}


@pytest.mark.parametrize("times", [1, 2])
async def test_nothing_changes_the_size_of_a_copy_before_it_is_settled(
    aws: Emulator, groups: AutoScalingGroups, times: int
) -> None:
    site = build_blue(aws)

    for _ in range(times):
        groups.copy(order())

    suspended = {one["ProcessName"] for one in site.described(GREEN)["SuspendedProcesses"]}
    assert suspended == {"AlarmNotification", "AZRebalance", "ReplaceUnhealthy", "ScheduledActions"}


def test_a_second_call_changes_nothing(aws: Emulator, groups: AutoScalingGroups) -> None:
    build_blue(aws)
    groups.copy(order())
    before = snapshot_of(aws, GREEN)
    until(lambda: sum(snapshot_of(aws, GREEN)["instances"].values()) == 2)

    groups.copy(order())

    after = snapshot_of(aws, GREEN)
    assert {**before, "instances": {}} == {**after, "instances": {}}
    assert sum(after["instances"].values()) == 2


async def test_a_copy_gets_no_traffic(aws: Emulator, groups: AutoScalingGroups) -> None:
    site = build_blue(aws)
    blue = set(site.in_service())

    await copied(groups, order())

    assert site.targets(site.target_groups[0]).keys() == blue
    assert site.behind(site.balancers[0]).keys() == blue


def test_hooks_of_deployment_groups_are_not_copied(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    build_blue(aws)

    groups.copy(order())

    found = aws.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=GREEN)
    assert [one["LifecycleHookName"] for one in found["LifecycleHooks"]] == ["backup"]


def test_a_policy_that_follows_a_target_group_waits_until_that_is_attached(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    build_blue(aws)

    groups.copy(order())
    before = snapshot_of(aws, GREEN)["policies"].keys()
    groups.settle(order())

    assert snapshot_of(aws, GREEN)["policies"].keys() - before == {LABELLED}


def test_a_copy_that_was_only_begun_is_completed(aws: Emulator, groups: AutoScalingGroups) -> None:
    site = build_blue(aws)
    make(aws, site, OWNER_TAG)

    groups.copy(order())
    groups.settle(order())

    blue, green = snapshot_of(aws, BLUE), snapshot_of(aws, GREEN)
    assert difference(blue | NO_INSTANCES | UNSET, green | NO_INSTANCES | UNSET) == []
    sizes = ("MinSize", "MaxSize", "DesiredCapacity")
    assert [green["settings"][one] for one in sizes] == [blue["settings"][one] for one in sizes]


def test_a_copy_whose_every_answer_is_lost_once_is_completed(
    aws: Emulator, failing: Faults, groups: AutoScalingGroups
) -> None:
    build_blue(aws)
    rules = [failing.lose_answer("autoscaling", operation) for operation in CHANGES]

    for _ in CHANGES:
        with pytest.raises(ApplicationError, match="AWS was not reached") as lost:
            groups.copy(order())
        assert not lost.value.non_retryable
    groups.copy(order())
    groups.settle(order())

    assert [failing.fired(rule) for rule in rules] == [1] * len(CHANGES)
    blue, green = snapshot_of(aws, BLUE), snapshot_of(aws, GREEN)
    assert difference(blue | NO_INSTANCES, green | NO_INSTANCES) == []


@pytest.mark.parametrize(
    "tags", [(), ({**OWNER_TAG, "Value": "d-OTHER1234"},)], ids=["no owner", "another owner"]
)
async def test_a_group_of_somebody_else_is_neither_used_nor_deleted(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups, tags: tuple[dict[str, Any], ...]
) -> None:
    make(aws, plain, *tags)
    before = fleet_snapshot(aws)

    for activity in (groups.copy, groups.settle):
        with pytest.raises(ApplicationError, match=f"{GREEN} belongs to .* is left alone") as error:
            activity(order())
        assert error.value.non_retryable
    await run(groups.delete, order())

    assert difference(before, fleet_snapshot(aws)) == []


def test_a_copy_of_nothing_is_refused(aws: Emulator, groups: AutoScalingGroups) -> None:
    with pytest.raises(ApplicationError, match="no Auto Scaling group web"):
        groups.copy(order())

    assert not has(aws, GREEN)


def test_a_copy_of_a_copy_belongs_to_its_own_deployment(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    groups.copy(order())

    groups.copy(order(source=GREEN, name="third", owner="d-NEXT12345"))

    owners = [
        one["Value"] for one in plain.described("third")["Tags"] if one["Key"] == OWNER_TAG["Key"]
    ]
    assert owners == ["d-NEXT12345"]


def test_a_copy_keeps_within_the_bounds_of_its_original(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    groups.copy(order(size=9))

    assert plain.described(GREEN)["DesiredCapacity"] == plain.described()["MaxSize"] == 4


# --- settling


@pytest.mark.parametrize("process", ["Launch", "AlarmNotification"])
async def test_a_copy_is_settled_after_its_original_has_gone(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups, process: str
) -> None:
    scaling = aws.client("autoscaling")
    scaling.suspend_processes(AutoScalingGroupName=BLUE, ScalingProcesses=[process])
    await copied(groups, order())
    await run(groups.retire, ScalingQuestion(names=(BLUE,)))

    for _ in range(2):
        groups.settle(order())

    (shown,) = groups.look(ScalingQuestion(names=(GREEN,)))
    assert shown.suspended == (process,)
    tags = {one["Key"] for one in plain.described(GREEN)["Tags"]}
    assert tags == {"Name", "rollway:deployment"}


def test_a_copy_of_a_protected_group_is_protected_when_it_is_settled(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    protection = {"DeletionProtection": "prevent-force-deletion"}
    aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=BLUE, **protection)
    groups.copy(order())
    before = plain.described(GREEN).get("DeletionProtection", "none")

    groups.settle(order())

    assert before == "none"
    assert protection.items() <= plain.described(GREEN).items()


def test_what_is_suspended_after_a_copy_was_settled_stays_so(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    groups.copy(order())
    groups.settle(order())
    groups.suspend(ProcessesOrder(auto_scaling_group=GREEN, processes=("AZRebalance",)))

    groups.settle(order())

    (shown,) = groups.look(ScalingQuestion(names=(GREEN,)))
    assert shown.suspended == ("AZRebalance",)


def test_a_policy_that_is_refused_keeps_nothing_suspended(
    aws: Emulator, clients: Aws, groups: AutoScalingGroups
) -> None:
    site = build_blue(aws)
    groups.copy(order())
    groups.attach(front_of(site, GREEN))
    lost = without_right(clients, "autoscaling", "PutScalingPolicy")

    with lost, pytest.raises(ApplicationError, match="autoscaling:PutScalingPolicy"):
        groups.settle(order())

    (shown,) = groups.look(ScalingQuestion(names=(GREEN,)))
    assert shown.suspended == SUSPENDED


# --- waiting until it is in service


async def test_the_instances_of_a_copy_are_named_when_they_are_in_service(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    names = await copied(groups, order(size=3))

    assert names == sorted(plain.in_service(GREEN))
    assert len(names) == 3


async def test_a_copy_of_an_empty_fleet_is_in_service_at_once(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    assert await copied(groups, order(size=0)) == []


async def test_instances_with_weights_are_as_many_as_ordered(
    aws: Emulator, groups: AutoScalingGroups
) -> None:
    template = build_fleet(aws, FleetPlan(name="aside", size=0, target_groups=0)).launch_template
    specification = {"LaunchTemplateName": template, "Version": "$Latest"}
    overrides = [{"InstanceType": "t3.large", "WeightedCapacity": "2"}]
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=BLUE,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": overrides,
            }
        },
        MinSize=0,
        MaxSize=8,
        DesiredCapacity=6,
        AvailabilityZones=["us-east-1a"],
    )
    blue = ScalingQuestion(names=(BLUE,))
    until(lambda: len(groups.look(blue)[0].in_service) == 3)

    names = await copied(groups, order(size=3))

    assert len(names) == 3
    assert snapshot_of(aws, GREEN)["settings"] == snapshot_of(aws, BLUE)["settings"]


async def test_what_a_copy_fails_to_launch_is_told(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    groups.copy(order(size=0))
    aws.client("ec2").delete_launch_template(LaunchTemplateName=plain.launch_template)
    aws.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GREEN, DesiredCapacity=2)

    seen = await first_trouble(groups, "what failed last")

    assert seen.trouble.startswith("0 of 2 are in service and healthy (no instances)")
    assert "Launching EC2 instance failed" in seen.trouble


async def test_instances_that_a_hook_holds_are_told(
    aws: Emulator, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    hold_launches(aws, BLUE)
    groups.copy(order())

    seen = await first_trouble(groups, "2 Pending:Wait")

    assert "0 of 2 are in service and healthy (2 Pending:Wait)" in seen.trouble


async def test_a_copy_that_disappears_ends_the_wait(
    plain: FleetSite, groups: AutoScalingGroups
) -> None:
    with pytest.raises(ApplicationError, match=f"no Auto Scaling group {GREEN} any more") as error:
        await run(groups.until_in_service, order())

    assert error.value.non_retryable


def test_a_call_that_is_too_many_is_asked_again(
    failing: Faults, plain: FleetSite, groups: AutoScalingGroups
) -> None:
    failing.throttle("autoscaling", "CreateAutoScalingGroup")

    with pytest.raises(ApplicationError, match="too many calls") as error:
        groups.copy(order())

    assert not error.value.non_retryable
