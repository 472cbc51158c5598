from typing import Any

import pytest

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import InvalidInput
from codedeploy.group_rules import check_group, completed, violations

STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
PAIR = {
    "targetGroups": [{"name": "blue"}, {"name": "green"}],
    "prodTrafficRoute": {"listenerArns": ["arn:prod"]},
    "testTrafficRoute": {"listenerArns": ["arn:test"]},
}
ECS: dict[str, Any] = {
    "computePlatform": "ECS",
    "deploymentStyle": STYLE,
    "ecsServices": [{"clusterName": "main", "serviceName": "web"}],
    "loadBalancerInfo": {"targetGroupPairInfoList": [PAIR]},
}
LAMBDA: dict[str, Any] = {"computePlatform": "Lambda", "deploymentStyle": STYLE}


SERVER: dict[str, Any] = {
    "computePlatform": "Server",
    "deploymentStyle": STYLE,
    "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]},
}


def from_fleet(action: str) -> dict[str, Any]:
    option = {"greenFleetProvisioningOption": {"action": action}}
    return {"blueGreenDeploymentConfiguration": option}


DISCOVERED = SERVER | from_fleet("DISCOVER_EXISTING")
COPIED = SERVER | from_fleet("COPY_AUTO_SCALING_GROUP") | {"autoScalingGroups": ["web"]}


def group(members: dict[str, Any], **changes: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members | changes)


def pair(**changes: Any) -> dict[str, Any]:
    return {"loadBalancerInfo": {"targetGroupPairInfoList": [PAIR | changes]}}


@pytest.mark.parametrize(
    "members",
    [ECS, LAMBDA, DISCOVERED, COPIED],
    ids=["ECS", "Lambda", "servers that exist", "servers that are copied"],
)
def test_a_group_that_fits_its_platform_is_accepted(members: dict[str, Any]) -> None:
    check_group(group(members))


def test_a_pair_needs_no_test_listener() -> None:
    check_group(group(ECS, **pair(testTrafficRoute=None)))


VIOLATIONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "in place on Lambda": (
        LAMBDA,
        {"deploymentStyle": {"deploymentType": "IN_PLACE"}},
        "InvalidDeploymentStyle",
    ),
    "tags on Lambda": (
        LAMBDA,
        {"ec2TagFilters": [{"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}]},
        "InvalidTag",
    ),
    "scaling groups on ECS": (ECS, {"autoScalingGroups": ["web"]}, "InvalidAutoScalingGroup"),
    "a load balancer on Lambda": (
        LAMBDA,
        {"loadBalancerInfo": {"elbInfoList": [{"name": "lb"}]}},
        "InvalidLoadBalancerInfo",
    ),
    "services on Lambda": (LAMBDA, {"ecsServices": ECS["ecsServices"]}, "InvalidECSService"),
    "blue/green rules on Lambda": (
        LAMBDA,
        {"blueGreenDeploymentConfiguration": {}},
        "InvalidBlueGreenDeploymentConfiguration",
    ),
    "no service on ECS": (ECS, {"ecsServices": []}, "InvalidECSService"),
    "two services": (ECS, {"ecsServices": 2 * ECS["ecsServices"]}, "InvalidECSService"),
    "no load balancer on ECS": (ECS, {"loadBalancerInfo": None}, "InvalidTargetGroupPair"),
    "a classic load balancer on ECS": (
        ECS,
        {"loadBalancerInfo": {"elbInfoList": [{"name": "lb"}], "targetGroupPairInfoList": [PAIR]}},
        "InvalidLoadBalancerInfo",
    ),
    "one target group": (ECS, pair(targetGroups=[{"name": "blue"}]), "InvalidTargetGroupPair"),
    "the same target group twice": (
        ECS,
        pair(targetGroups=[{"name": "blue"}, {"name": "blue"}]),
        "InvalidTargetGroupPair",
    ),
    "no production listener": (ECS, pair(prodTrafficRoute=None), "InvalidTargetGroupPair"),
    "one listener for both": (
        ECS,
        pair(testTrafficRoute={"listenerArns": ["arn:prod"]}),
        "InvalidTargetGroupPair",
    ),
    "a fleet on ECS": (
        ECS,
        {
            "blueGreenDeploymentConfiguration": {
                "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}
            }
        },
        "InvalidBlueGreenDeploymentConfiguration",
    ),
    "originals kept alive on ECS": (
        ECS,
        {
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}
            }
        },
        "InvalidBlueGreenDeploymentConfiguration",
    ),
    "services on Server": (
        {"computePlatform": "Server"},
        {"ecsServices": ECS["ecsServices"]},
        "InvalidECSService",
    ),
    "traffic control without a load balancer": (
        {"computePlatform": "Server"},
        {"deploymentStyle": {"deploymentOption": "WITH_TRAFFIC_CONTROL"}},
        "InvalidLoadBalancerInfo",
    ),
    "a pair on Server": (
        {"computePlatform": "Server"},
        {"loadBalancerInfo": {"targetGroupPairInfoList": [PAIR]}},
        "InvalidLoadBalancerInfo",
    ),
    "a load balancer without a name": (
        {"computePlatform": "Server"},
        {"loadBalancerInfo": {"elbInfoList": [{"name": ""}]}},
        "InvalidLoadBalancerInfo",
    ),
    "a target group without a name": (
        {"computePlatform": "Server"},
        {"loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}, {}]}},
        "InvalidLoadBalancerInfo",
    ),
    "a target group twice": (
        {"computePlatform": "Server"},
        {"loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}, {"name": "web"}]}},
        "InvalidLoadBalancerInfo",
    ),
    "a HAProxy twice": (
        {"computePlatform": "Server"},
        {"loadBalancerInfo": {"haProxyInfoList": 2 * [{"backend": "shop", "socket": "/run/a"}]}},
        "InvalidLoadBalancerInfo",
    ),
    "servers replaced without traffic control": (
        DISCOVERED,
        {"deploymentStyle": STYLE | {"deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}},
        "InvalidDeploymentStyle",
    ),
    "servers replaced without a load balancer": (
        DISCOVERED,
        {"loadBalancerInfo": None},
        "InvalidLoadBalancerInfo",
    ),
    "servers replaced without rules": (SERVER, {}, "InvalidBlueGreenDeploymentConfiguration"),
    "servers replaced from nowhere": (
        SERVER,
        {"blueGreenDeploymentConfiguration": {}},
        "InvalidBlueGreenDeploymentConfiguration",
    ),
    "a copy of no group": (COPIED, {"autoScalingGroups": []}, "InvalidAutoScalingGroup"),
    "a copy of two groups": (COPIED, {"autoScalingGroups": ["a", "b"]}, "InvalidAutoScalingGroup"),
    "a copy of tagged servers": (
        COPIED,
        {"ec2TagFilters": [{"Key": "a", "Value": "b"}]},
        "InvalidBlueGreenDeploymentConfiguration",
    ),
    "a copy behind HAProxy": (
        COPIED,
        {"loadBalancerInfo": {"haProxyInfoList": [{"backend": "shop", "socket": "/run/admin"}]}},
        "InvalidLoadBalancerInfo",
    ),
    "processes suspended in a copy": (
        COPIED,
        {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Terminate"]}},
        "InvalidAutoScalingGroupProcessToSuspend",
    ),
}


@pytest.mark.parametrize(("members", "change", "error"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_group_that_does_not_fit_its_platform_is_refused_in_codedeploys_name(
    members: dict[str, Any], change: dict[str, Any], error: str
) -> None:
    with pytest.raises(InvalidInput, match=r"shop/prod: .* Nothing was applied") as refused:
        check_group(group(members, **change))

    assert refused.value.code == f"{error}Exception"


def test_two_backends_of_one_haproxy_are_two_load_balancers() -> None:
    backends = [{"backend": name, "socket": "/run/admin"} for name in ("shop", "api")]
    info = {"loadBalancerInfo": {"haProxyInfoList": backends}}

    assert [*violations(group({"computePlatform": "Server"} | info))] == []


def test_every_violation_is_told_at_once() -> None:
    wrong = group(ECS, ecsServices=[], autoScalingGroups=["web"])

    found = [error.code for error in violations(wrong)]

    assert found == ["InvalidAutoScalingGroupException", "InvalidECSServiceException"]


def test_a_group_that_names_no_style_gets_the_only_one_of_its_platform() -> None:
    plain = group({"computePlatform": "Lambda"})

    assert completed(plain).deployment_style.deployment_type == "BLUE_GREEN"


def test_a_style_that_was_named_is_left_to_be_judged() -> None:
    wrong = group({"computePlatform": "Lambda", "deploymentStyle": {"deploymentType": "IN_PLACE"}})

    assert completed(wrong) == wrong


def test_servers_keep_the_default_style() -> None:
    assert completed(group({})).deployment_style.deployment_type == "IN_PLACE"


@pytest.mark.parametrize(
    "option", [{"actionOnTimeout": "STOP_DEPLOYMENT"}, {"waitTimeInMinutes": 7201}], ids=str
)
def test_a_ready_wait_has_a_length_that_codedeploy_knows(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="waitTimeInMinutes"):
        group(ECS, blueGreenDeploymentConfiguration={"deploymentReadyOption": option})


def test_scaling_groups_need_not_be_there_for_servers_that_exist() -> None:
    tagged = group(DISCOVERED, onPremisesInstanceTagFilters=[{"Key": "fleet", "Value": "blue"}])

    assert [*violations(tagged)] == []


def test_rules_of_a_replacement_are_not_asked_of_a_group_in_place() -> None:
    rules = from_fleet("COPY_AUTO_SCALING_GROUP")

    assert [*violations(group({"computePlatform": "Server"} | rules))] == []
