"""What a snapshot of a fleet holds, and what it leaves out."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet, launch_hosts
from tests.aws.fleet_snapshot import difference, fleet_snapshot, orphans
from tests.aws.waiting import until


@pytest.fixture
def site(aws: Emulator) -> FleetSite:
    return build_fleet(aws, FleetPlan(size=2, balancers=1, drain_seconds=0))


def scaling(site: FleetSite) -> Any:
    return site.aws.client("autoscaling")


def test_there_is_no_difference_after_all_was_put_back(site: FleetSite) -> None:
    before = fleet_snapshot(site.aws)
    (group,), (balancer,) = site.target_groups, site.balancers
    one = site.in_service()[0]
    targets, instances = [{"Id": one}], [{"InstanceId": one}]
    elb, elbv2 = site.aws.client("elb"), site.aws.client("elbv2")
    scaling(site).suspend_processes(AutoScalingGroupName=site.group, ScalingProcesses=["Launch"])
    elbv2.deregister_targets(TargetGroupArn=group.arn, Targets=targets)
    elb.deregister_instances_from_load_balancer(LoadBalancerName=balancer, Instances=instances)

    scaling(site).resume_processes(AutoScalingGroupName=site.group)
    elbv2.register_targets(TargetGroupArn=group.arn, Targets=targets)
    elb.register_instances_with_load_balancer(LoadBalancerName=balancer, Instances=instances)
    until(lambda: site.are_healthy(site.in_service()))

    assert difference(before, fleet_snapshot(site.aws)) == []


def suspend(site: FleetSite) -> None:
    scaling(site).suspend_processes(AutoScalingGroupName=site.group, ScalingProcesses=["Terminate"])


def put_hook(site: FleetSite) -> None:
    scaling(site).put_lifecycle_hook(
        AutoScalingGroupName=site.group,
        LifecycleHookName="install",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )


def detach(site: FleetSite) -> None:
    scaling(site).detach_load_balancers(
        AutoScalingGroupName=site.group, LoadBalancerNames=list(site.balancers)
    )


def deregister(site: FleetSite) -> None:
    site.aws.client("elbv2").deregister_targets(
        TargetGroupArn=site.target_groups[0].arn, Targets=[{"Id": site.in_service()[0]}]
    )


def grow(site: FleetSite) -> None:
    site.resize(3)


def launch(site: FleetSite) -> None:
    launch_hosts(site.aws, 1, tags={"Name": "alone"})


def make_queue(site: FleetSite) -> None:
    site.aws.client("sqs").create_queue(QueueName="left")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (suspend, "auto scaling groups / web / suspended"),
        (put_hook, "auto scaling groups / web / lifecycle hooks / install"),
        (detach, "auto scaling groups / web / settings / LoadBalancerNames"),
        (deregister, "target groups / web-targets-1 / i-"),
        (grow, "auto scaling groups / web / settings / DesiredCapacity: 2 became 3"),
        (launch, "instances / i-"),
        (make_queue, "queues"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_each_change_is_a_difference(
    site: FleetSite, change: Callable[[FleetSite], None], where: str
) -> None:
    before = fleet_snapshot(site.aws)

    change(site)

    assert any(line.startswith(where) for line in difference(before, fleet_snapshot(site.aws)))


def test_two_fleets_built_alike_differ_in_identities_only(aws: Emulator) -> None:
    build_fleet(aws)
    first, first_named = fleet_snapshot(aws, with_identities=False), fleet_snapshot(aws)
    aws.reset()
    build_fleet(aws)

    again = fleet_snapshot(aws, with_identities=False)

    assert difference(first, again) == []
    assert difference(first_named, fleet_snapshot(aws)) != []


def test_a_fleet_has_no_orphans(site: FleetSite) -> None:
    launch_hosts(site.aws, 1, tags={"Name": "alone"})

    assert orphans(site.aws) == []


def test_an_instance_that_carries_the_name_of_a_group_that_is_gone_is_an_orphan(
    site: FleetSite,
) -> None:
    (instance,) = launch_hosts(site.aws, 1, tags={"aws:autoscaling:groupName": "green"})

    assert orphans(site.aws) == [f"{instance}: group green does not know it"]
