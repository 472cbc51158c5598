"""Groups of servers that cannot be honoured: refused when they are applied, and nothing changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from codedeploy.application import Application
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import DeploymentGroupDoesNotExist, RollwayError
from starter.client import Rollway
from tests.activities.hooked_groups import MOST_HOOKS, HookedGroup, build_group
from tests.aws.emulator import Emulator

Members = dict[str, Any]

GROUP = "web"
BEHIND = {"deploymentStyle": {"deploymentOption": "WITH_TRAFFIC_CONTROL"}}
BALANCER = {"loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]}}
PROXY = {"loadBalancerInfo": {"haProxyInfoList": [{"backend": "shop", "socket": "/run/admin"}]}}
PAIR = {"loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "web"}]}]}}
TAGS = {"ec2TagFilters": [{"Key": "role", "Value": "web"}]}
ONE = {"autoScalingGroups": ["web-1"]}
TWO = {"autoScalingGroups": ["web-1", "web-2"]}
SUSPENDS = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Terminate"]}}
QUEUE = {
    "lifecycleNotifications": {
        "queueArn": "arn:aws:sqs:us-east-1:123456789012:notices",
        "roleArn": "arn:aws:iam::123456789012:role/hooks",
    }
}
REPLACED = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
}
COPIED: Members = REPLACED | {
    "blueGreenDeploymentConfiguration": {
        "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}
    }
}


class Shop:
    """An application of its own for each test, and what applying its group comes to."""

    def __init__(self, temporal: Client) -> None:
        self.rollway = Rollway(temporal)
        self.name = f"refused-{uuid4().hex[:8]}"

    def group(self, **members: Any) -> DeploymentGroup:
        names = {"applicationName": self.name, "deploymentGroupName": GROUP}
        return DeploymentGroup.model_validate(names | members)

    async def apply(self, **members: Any) -> str:
        """Apply application and group; return what became of the group."""
        application = Application(application_name=self.name)
        _, applied = await self.rollway.apply([application, self.group(**members)])
        return applied.change

    async def refused(self, **members: Any) -> tuple[str, str]:
        """Apply the group; return with which code and words that is refused."""
        with pytest.raises(RollwayError) as refused:
            await self.apply(**members)
        return refused.value.code, refused.value.message

    async def defined(self) -> DeploymentGroup:
        """Return the definition that stands."""
        return (await self.rollway.group(self.name, GROUP)).group


@pytest.fixture
async def shop(temporal: Client, control_plane: Path) -> AsyncIterator[Shop]:
    shop = Shop(temporal)
    yield shop
    await shop.apply()  # Nothing is watched any more.


# --- rules


RULES: dict[str, tuple[Members, str, str]] = {
    "traffic control without a load balancer": (BEHIND, "InvalidLoadBalancerInfo", "haProxyInfo"),
    "a pair of target groups": (PAIR, "InvalidLoadBalancerInfo", "targetGroupPairInfoList"),
    "processes without scaling groups": (
        SUSPENDS,
        "InvalidAutoScalingGroupProcessToSuspend",
        "autoScalingGroupProcessesToSuspend",
    ),
    "notices without scaling groups": (QUEUE, "InvalidAutoScalingGroup", "lifecycleNotifications"),
    "a termination hook without scaling groups": (
        {"terminationHookEnabled": True},
        "InvalidAutoScalingGroup",
        "terminationHookEnabled",
    ),
    "a replacement from nowhere": (
        REPLACED | BALANCER,
        "InvalidBlueGreenDeploymentConfiguration",
        "DISCOVER_EXISTING or COPY_AUTO_SCALING_GROUP",
    ),
    "a copy of nothing": (COPIED | BALANCER, "InvalidAutoScalingGroup", "found 0"),
    "a copy of two groups": (COPIED | BALANCER | TWO, "InvalidAutoScalingGroup", "found 2"),
    "a copy of tagged instances": (
        COPIED | BALANCER | ONE | TAGS,
        "InvalidBlueGreenDeploymentConfiguration",
        "remove the tag filters",
    ),
    "a copy behind HAProxy": (COPIED | PROXY | ONE, "InvalidLoadBalancerInfo", "a target group"),
}


@pytest.mark.parametrize(("members", "error", "said"), RULES.values(), ids=RULES)
async def test_a_group_that_breaks_a_rule_is_not_applied(
    shop: Shop, members: Members, error: str, said: str
) -> None:
    code, message = await shop.refused(**members)

    assert code == f"{error}Exception"
    assert said in message
    with pytest.raises(DeploymentGroupDoesNotExist):
        await shop.defined()


# --- Auto Scaling groups


@pytest.fixture
def web(aws: Emulator) -> HookedGroup:
    return build_group(aws)


async def test_a_scaling_group_that_is_gone_is_not_applied(shop: Shop, web: HookedGroup) -> None:
    code, message = await shop.refused(autoScalingGroups=["web", "nowhere"])

    assert code == "InvalidAutoScalingGroupException"
    assert f"{shop.name}/web: There is no Auto Scaling group nowhere" in message
    assert message.endswith("The group was not applied.")
    assert web.hooks() == {}


async def test_a_scaling_group_at_its_hook_limit_is_not_applied(
    shop: Shop, web: HookedGroup, aws: Emulator
) -> None:
    full = build_group(aws, "full")
    await asyncio.to_thread(full.fill)

    code, message = await shop.refused(autoScalingGroups=["web", "full"])

    assert code == "LifecycleHookLimitExceededException"
    assert "The Auto Scaling group full has as many lifecycle hooks as it may have" in message
    assert (web.hooks(), len(full.hooks())) == ({}, MOST_HOOKS)


@pytest.mark.usefixtures("web")
async def test_a_queue_that_cannot_be_told_is_not_applied(shop: Shop, web: HookedGroup) -> None:
    code, message = await shop.refused(autoScalingGroups=["web"], **QUEUE)

    assert code == "AUTO_SCALING_CONFIGURATION"
    assert "notices" in message
    assert web.hooks() == {}


@pytest.mark.usefixtures("aws")
async def test_a_group_that_was_refused_does_not_exist(shop: Shop) -> None:
    await shop.refused(autoScalingGroups=["nowhere"])
    request = DeploymentRequest(application_name=shop.name, deployment_group_name=GROUP)

    with pytest.raises(DeploymentGroupDoesNotExist):
        await shop.defined()
    with pytest.raises(DeploymentGroupDoesNotExist):
        await shop.rollway.plan(request)
    with pytest.raises(DeploymentGroupDoesNotExist):
        await shop.rollway.deploy(request)
    assert (await shop.rollway.application(shop.name)).deployment_groups == ()


@pytest.mark.usefixtures("aws")
async def test_instances_are_listed_while_lists_still_have_a_group_that_was_refused(
    shop: Shop,
) -> None:
    await shop.refused(autoScalingGroups=["nowhere"])

    assert await shop.rollway.instances() is not None


async def test_a_group_that_was_refused_can_be_applied_once_it_is_right(
    shop: Shop, web: HookedGroup
) -> None:
    await shop.refused(autoScalingGroups=["nowhere"])

    await shop.apply(autoScalingGroups=["web"])

    assert (await shop.defined()).auto_scaling_groups == ("web",)
    assert len(web.hooks()) == 1


async def test_the_definition_that_stood_stands_when_its_successor_is_refused(
    shop: Shop, web: HookedGroup
) -> None:
    await shop.apply(autoScalingGroups=["web"])
    before = web.hooks()

    code, _ = await shop.refused(autoScalingGroups=["web", "nowhere"], launchFailureLimit=7)

    assert code == "InvalidAutoScalingGroupException"
    assert await shop.defined() == shop.group(autoScalingGroups=["web"])
    assert web.hooks() == before


async def test_hooks_are_there_when_a_group_has_been_applied(shop: Shop, web: HookedGroup) -> None:
    await shop.apply(autoScalingGroups=["web"], terminationHookEnabled=True)

    assert len(web.hooks()) == 2


async def test_the_same_definition_again_changes_nothing(shop: Shop, web: HookedGroup) -> None:
    await shop.apply(autoScalingGroups=["web"])
    before = web.hooks()

    assert await shop.apply(autoScalingGroups=["web"]) == "unchanged"
    assert web.hooks() == before


async def test_definitions_that_come_together_are_accepted_one_after_the_other(
    shop: Shop, web: HookedGroup
) -> None:
    results = await asyncio.gather(
        shop.apply(autoScalingGroups=["nowhere"]),
        shop.apply(autoScalingGroups=["web"]),
        return_exceptions=True,
    )

    assert [isinstance(one, RollwayError) for one in results] == [True, False]
    assert (await shop.defined()).auto_scaling_groups == ("web",)
