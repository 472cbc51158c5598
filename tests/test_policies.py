"""The page about AWS shows the policies that it links to, and explains every action in them."""

import json
import re

import pytest

from tests.documentation import ROOT, snippets
from tests.policies import POLICIES, actions_of, documented, listed

PAGE = ROOT / "docs/reference/aws.md"
NAMES = sorted(path.stem for path in POLICIES.glob("*.json"))

SECTIONS = PAGE.read_text("utf-8").split("\n## ")

TRUST = "trust"
UNEXPLAINED = (TRUST, "hosts")
"""What they allow is said in words."""

UNNARROWED = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeLifecycleHooks",
    "autoscaling:DescribeLoadBalancerTargetGroups",
    "autoscaling:DescribeLoadBalancers",
    "autoscaling:DescribeNotificationConfigurations",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeScheduledActions",
    "autoscaling:DescribeWarmPool",
    "cloudwatch:DescribeAlarms",
    "ec2:DescribeInstances",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTasks",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
}
"""Actions that AWS knows no narrower resource for, or needs them all for what we ask."""


def test_the_page_shows_exactly_the_policies_that_are_there() -> None:
    shown = [snippet.text for snippet in snippets("json") if snippet.page == PAGE]

    assert sorted(shown) == sorted((POLICIES / f"{name}.json").read_text() for name in NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNEXPLAINED])
def test_the_page_explains_every_action_of_a_policy_once_below_it(name: str) -> None:
    policy = (POLICIES / f"{name}.json").read_text("utf-8")
    (below,) = [section for section in SECTIONS if policy in section]

    explained = re.findall(r"^\| `([a-z0-9]+:\w+)` \|", below, re.MULTILINE)

    assert sorted(explained) == sorted(set(actions_of(documented(name))))


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_allows_named_actions_only(name: str) -> None:
    policy = json.loads((POLICIES / f"{name}.json").read_text("utf-8"))

    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    assert not [action for action in actions_of(policy) if "*" in action]


@pytest.mark.parametrize("name", [name for name in NAMES if name != TRUST])
def test_a_policy_names_resources_where_aws_lets_it(name: str) -> None:
    everywhere = {
        action
        for statement in documented(name)["Statement"]
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }

    assert everywhere <= UNNARROWED
