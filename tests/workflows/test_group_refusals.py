"""Deployment groups that their platform cannot honour: none of them is applied."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from codedeploy.application import Application
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import (
    DeploymentGroupDoesNotExist,
    ECSServiceMappingLimitExceeded,
    RollwayError,
)
from starter.client import Rollway
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.traffic_scenario import GROUP, EcsScenario

Members = dict[str, Any]

IN_PLACE = {"deploymentStyle": {"deploymentType": "IN_PLACE"}}
TAGS = {"ec2TagFilters": [{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}]}
PAIR = {
    "targetGroups": [{"name": "blue"}, {"name": "green"}],
    "prodTrafficRoute": {"listenerArns": ["arn:prod"]},
}
SERVICE = {"ecsServices": [{"clusterName": "main", "serviceName": "web"}]}
BALANCER = {"loadBalancerInfo": {"targetGroupPairInfoList": [PAIR]}}
GROUPS: dict[str, tuple[str, Members, str]] = {
    "instances on Lambda": ("Lambda", TAGS, "InvalidTag"),
    "a scaling group on Lambda": (
        "Lambda",
        {"autoScalingGroups": ["web"]},
        "InvalidAutoScalingGroup",
    ),
    "in place on Lambda": ("Lambda", IN_PLACE, "InvalidDeploymentStyle"),
    "a load balancer on Lambda": (
        "Lambda",
        {"loadBalancerInfo": {"elbInfoList": [{"name": "lb"}]}},
        "InvalidLoadBalancerInfo",
    ),
    "instances on ECS": ("ECS", SERVICE | BALANCER | TAGS, "InvalidTag"),
    "a scaling group on ECS": (
        "ECS",
        SERVICE | BALANCER | {"autoScalingGroups": ["web"]},
        "InvalidAutoScalingGroup",
    ),
    "in place on ECS": ("ECS", SERVICE | BALANCER | IN_PLACE, "InvalidDeploymentStyle"),
    "ECS without a service": ("ECS", BALANCER, "InvalidECSService"),
    "ECS without a load balancer": ("ECS", SERVICE, "InvalidTargetGroupPair"),
    "a pair on Server": ("Server", BALANCER, "InvalidLoadBalancerInfo"),
    "a service on Server": ("Server", SERVICE, "InvalidECSService"),
}


@pytest.mark.parametrize(("platform", "members", "error"), GROUPS.values(), ids=GROUPS)
async def test_a_group_that_its_platform_cannot_honour_is_not_applied(
    temporal: Client, control_plane: Path, platform: str, members: Members, error: str
) -> None:
    rollway, name = Rollway(temporal), f"refused-{uuid4().hex[:8]}"
    names = {"applicationName": name, "deploymentGroupName": GROUP, "computePlatform": platform}
    application = Application.model_validate(names)
    group = DeploymentGroup.model_validate(names | members)

    with pytest.raises(RollwayError, match="Nothing was applied") as refused:
        await rollway.apply([application, group])

    assert refused.value.code == f"{error}Exception"
    with pytest.raises(DeploymentGroupDoesNotExist):
        await rollway.group(name, GROUP)


async def test_a_service_belongs_to_one_group(
    temporal: Client, control_plane: Path, aws: Emulator
) -> None:
    web = EcsScenario(temporal, aws).of(Plan(desired_count=0))
    await web.apply()
    other = EcsScenario(temporal, aws).with_settings(**web.site.group)

    with pytest.raises(ECSServiceMappingLimitExceeded, match=f"{web.application}/{GROUP} deploys"):
        await other.apply()
