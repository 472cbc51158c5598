"""What the builder of fleets builds."""

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import build_fleet, launch_hosts
from tests.aws.fleet_snapshot import orphans


def test_a_fleet_is_healthy_behind_everything_in_front_of_it(aws: Emulator) -> None:
    site = build_fleet(aws, FleetPlan(size=3, target_groups=2, balancers=2, zones=3))

    assert len(site.listeners) == 2
    assert {one.zone for one in site.instances()} == {"us-east-1a", "us-east-1b", "us-east-1c"}
    assert site.are_healthy(site.in_service())


def test_a_fleet_says_what_a_deployment_group_says_of_it(aws: Emulator) -> None:
    site = build_fleet(aws, FleetPlan(size=1, balancers=1))

    assert site.deployment_group == {
        "autoScalingGroups": ["web"],
        "loadBalancerInfo": {
            "targetGroupInfoList": [{"name": "web-targets-1"}],
            "elbInfoList": [{"name": "web-classic-1"}],
        },
    }


def test_fleets_stand_side_by_side(aws: Emulator) -> None:
    one = build_fleet(aws, FleetPlan(name="one", size=1))
    two = build_fleet(aws, FleetPlan(name="two", size=2))
    launch_hosts(aws, 1, tags={"Name": "alone"})

    assert one.are_healthy(one.in_service())
    assert two.are_healthy(two.in_service())
    assert orphans(aws) == []
