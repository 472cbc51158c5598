"""How the emulator's Auto Scaling groups register with what is in front of them."""

from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.lifecycle_actions import LAUNCHING, TERMINATING
from tests.aws.refusals import refused
from tests.aws.waiting import until


@pytest.fixture
def site(aws: Emulator) -> FleetSite:
    return build_fleet(aws, FleetPlan(size=2, target_groups=1, balancers=1))


@pytest.fixture
def scaling(site: FleetSite) -> Any:
    return site.aws.client("autoscaling")


def put_hook(scaling: Any, transition: str) -> None:
    scaling.put_lifecycle_hook(
        AutoScalingGroupName="web", LifecycleHookName="wait", LifecycleTransition=transition
    )


def complete(scaling: Any, instance: str) -> None:
    scaling.complete_lifecycle_action(
        AutoScalingGroupName="web",
        LifecycleHookName="wait",
        InstanceId=instance,
        LifecycleActionResult="CONTINUE",
    )


def everywhere(site: FleetSite) -> list[set[str]]:
    """Return who is registered or drains, for each target group and load balancer."""
    return [set(site.targets(one)) for one in site.target_groups] + [
        set(site.behind(one)) for one in site.balancers
    ]


def test_a_new_instance_is_registered_when_it_enters_service(site: FleetSite, scaling: Any) -> None:
    put_hook(scaling, LAUNCHING)
    before = set(site.in_service())
    site.resize(3)
    site.wait_for(InService=2, Pending_Wait=1)
    while_held = everywhere(site)
    (coming,) = set(site.states()) - before

    complete(scaling, coming)

    assert while_held == [before, before]
    assert everywhere(site) == [before | {coming}] * 2
    until(lambda: site.are_healthy(site.in_service()))


def test_an_instance_is_out_of_traffic_before_a_hook_holds_it(
    site: FleetSite, scaling: Any
) -> None:
    put_hook(scaling, TERMINATING)
    _, staying = site.in_service()

    site.resize(1)

    site.wait_for(InService=1, Terminating_Wait=1)
    assert everywhere(site) == [{staying}, {staying}]


def test_an_instance_is_not_held_nor_terminated_while_it_drains(aws: Emulator) -> None:
    site = build_fleet(aws, FleetPlan(size=2, balancers=1, drain_seconds=600))
    put_hook(aws.client("autoscaling"), TERMINATING)
    leaving, _ = site.in_service()

    site.resize(1)

    until(lambda: site.targets(site.target_groups[0])[leaving] == "draining")
    assert site.states()[leaving] == "Terminating"
    assert site.behind(site.balancers[0])[leaving] == "InService"


def test_what_was_deregistered_by_hand_stays_so(site: FleetSite) -> None:
    out, _ = site.in_service()
    (group,) = site.target_groups
    balancing = site.aws.client("elbv2")
    balancing.deregister_targets(TargetGroupArn=group.arn, Targets=[{"Id": out}])
    until(lambda: out not in site.targets(group))

    site.resize(3)
    site.wait_for(InService=3)

    assert out not in site.targets(group)
    assert len(site.targets(group)) == 2


def test_nobody_is_added_while_that_is_suspended_nor_after(site: FleetSite, scaling: Any) -> None:
    before = set(site.in_service())
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AddToLoadBalancer"])

    site.resize(3)
    site.wait_for(InService=3)
    scaling.resume_processes(AutoScalingGroupName="web")

    assert everywhere(site) == [before, before]


def test_an_instance_in_standby_is_out_of_traffic(site: FleetSite, scaling: Any) -> None:
    resting, staying = site.in_service()

    scaling.enter_standby(
        AutoScalingGroupName="web", InstanceIds=[resting], ShouldDecrementDesiredCapacity=True
    )
    until(lambda: everywhere(site) == [{staying}, {staying}])
    scaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[resting])

    until(lambda: everywhere(site) == [{staying, resting}] * 2)


@pytest.mark.parametrize("size", [2, 0])
def test_a_target_group_can_be_detached_and_attached(
    site: FleetSite, scaling: Any, size: int
) -> None:
    (group,) = site.target_groups
    site.resize(size)
    site.wait_for(InService=size)
    arns = {"AutoScalingGroupName": "web", "TargetGroupARNs": [group.arn]}

    scaling.detach_load_balancer_target_groups(**arns)
    until(lambda: site.targets(group) == {})
    scaling.attach_load_balancer_target_groups(**arns)

    until(lambda: site.are_healthy(site.in_service()))
    (shown,) = scaling.describe_load_balancer_target_groups(AutoScalingGroupName="web")[
        "LoadBalancerTargetGroups"
    ]
    state = "InService" if size else "Added"
    assert shown == {"LoadBalancerTargetGroupARN": group.arn, "State": state}


def test_a_classic_load_balancer_can_be_detached_and_attached(
    site: FleetSite, scaling: Any
) -> None:
    (balancer,) = site.balancers
    names = {"AutoScalingGroupName": "web", "LoadBalancerNames": [balancer]}

    scaling.detach_load_balancers(**names)
    detached = scaling.describe_load_balancers(AutoScalingGroupName="web")["LoadBalancers"]
    until(lambda: not scaling.describe_load_balancers(AutoScalingGroupName="web")["LoadBalancers"])
    assert site.behind(balancer) == {}
    scaling.attach_load_balancers(**names)

    until(lambda: site.are_healthy(site.in_service()))
    shown = scaling.describe_load_balancers(AutoScalingGroupName="web")["LoadBalancers"]
    assert detached == [{"LoadBalancerName": balancer, "State": "Removing"}]
    assert shown == [{"LoadBalancerName": balancer, "State": "InService"}]


def test_traffic_sources_are_both_kinds(site: FleetSite, scaling: Any) -> None:
    (group,), (balancer,) = site.target_groups, site.balancers
    sources = [
        {"Identifier": group.arn, "Type": "elbv2"},
        {"Identifier": balancer, "Type": "elb"},
    ]

    scaling.detach_traffic_sources(AutoScalingGroupName="web", TrafficSources=sources)
    detached = scaling.describe_traffic_sources(AutoScalingGroupName="web")["TrafficSources"]
    scaling.attach_traffic_sources(AutoScalingGroupName="web", TrafficSources=sources)

    shown = scaling.describe_traffic_sources(AutoScalingGroupName="web")["TrafficSources"]
    assert [one["State"] for one in detached] == ["Removing", "Removing"]
    assert [(one["Identifier"], one["Type"]) for one in shown] == [
        (group.arn, "elbv2"),
        (balancer, "elb"),
    ]
    assert site.described()["TrafficSources"] == sources
    assert site.described()["TargetGroupARNs"] == [group.arn]


def test_attaching_twice_changes_nothing(site: FleetSite, scaling: Any) -> None:
    (group,) = site.target_groups

    scaling.attach_load_balancer_target_groups(
        AutoScalingGroupName="web", TargetGroupARNs=[group.arn]
    )

    assert site.described()["TargetGroupARNs"] == [group.arn]
    assert site.are_healthy(site.in_service())


def test_what_is_not_attached_cannot_be_detached(site: FleetSite, scaling: Any) -> None:
    with refused("ValidationError", "not part of group web"):
        scaling.detach_load_balancers(AutoScalingGroupName="web", LoadBalancerNames=["another"])


def test_what_is_not_there_cannot_be_attached(site: FleetSite, scaling: Any) -> None:
    arn = f"{site.target_groups[0].arn}0"

    with refused("ValidationError", "Target Groups may not be valid"):
        scaling.attach_load_balancer_target_groups(
            AutoScalingGroupName="web", TargetGroupARNs=[arn]
        )


def test_a_load_balancer_that_is_gone_holds_nobody(site: FleetSite) -> None:
    (balancer,) = site.balancers
    site.aws.client("elb").delete_load_balancer(LoadBalancerName=balancer)

    site.resize(1)

    site.wait_for(InService=1)
