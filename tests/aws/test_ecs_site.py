"""The place that deployments of ECS are tested in, as it is built."""

import pytest

from tests.aws.ecs_site import build_site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan


@pytest.mark.parametrize("balancer", ["application", "network"])
def test_version_1_serves_from_blue_and_green_is_empty(aws: Emulator, balancer: str) -> None:
    site = build_site(aws, Plan(balancer=balancer))

    assert site.test_listener is not None
    assert site.weights(site.production_listener) == {"shop-blue": 1}
    assert site.weights(site.test_listener) == {"shop-blue": 1}
    assert site.health(site.blue) == ["healthy", "healthy"]
    assert site.health(site.green) == []
    assert site.primary()["taskDefinition"] == site.task_definitions[0]


def test_versions_are_revisions_of_one_family(aws: Emulator) -> None:
    site = build_site(aws, Plan(versions=3, broken=(2,)))

    assert [arn.rpartition("/")[-1] for arn in site.task_definitions] == [
        "shop:1",
        "shop:2",
        "shop:3",
    ]


def test_a_second_place_stands_beside_the_first(aws: Emulator) -> None:
    first = build_site(aws)

    second = build_site(aws, Plan(name="cart", has_test_listener=False))

    assert len(first.task_sets()) == 1
    assert second.test_listener is None
    assert second.blue.name == "cart-blue"


def test_it_is_written_as_codedeploy_writes_it(aws: Emulator) -> None:
    site = build_site(aws)

    (pair,) = site.group["loadBalancerInfo"]["targetGroupPairInfoList"]
    (resource,) = site.app_spec(2, PlatformVersion="1.4.0")["Resources"]
    assert [group["name"] for group in pair["targetGroups"]] == ["shop-blue", "shop-green"]
    assert resource["TargetService"]["Properties"] == {
        "TaskDefinition": site.task_definitions[1],
        "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
        "PlatformVersion": "1.4.0",
    }
