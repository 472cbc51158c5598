from typing import Any

import pytest

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.scaling_rules import copy_violations, scaling_violations

SUSPENDS = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Terminate"]}}
SUSPENDS_NONE: dict[str, Any] = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": []}}
NOTICES = {
    "lifecycleNotifications": {
        "queueArn": "arn:aws:sqs:us-east-1:123456789012:notices",
        "roleArn": "arn:aws:iam::123456789012:role/hooks",
    }
}
HOOK = {"terminationHookEnabled": True}
BLUE_GREEN = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
}
ONE = {"autoScalingGroups": ["web"]}
TAG = {"Key": "role", "Value": "web"}
PROXY = {"loadBalancerInfo": {"haProxyInfoList": [{"backend": "shop", "socket": "/run/admin"}]}}
TARGETS = {"loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]}}


def group(*members: dict[str, Any]) -> DeploymentGroup:
    given: dict[str, Any] = {"applicationName": "shop", "deploymentGroupName": "prod"}
    for more in members:
        given |= more
    return DeploymentGroup.model_validate(given)


ACCEPTED = {
    "nothing": (),
    "a scaling group with everything": (ONE, HOOK, NOTICES, SUSPENDS),
    "options that suspend nothing": (SUSPENDS_NONE,),
    "a replaced scaling group": (ONE, BLUE_GREEN, HOOK, NOTICES),
}


@pytest.mark.parametrize("members", ACCEPTED.values(), ids=ACCEPTED)
def test_a_group_that_keeps_the_rules(members: tuple[dict[str, Any], ...]) -> None:
    assert [*scaling_violations(group(*members))] == []


PROCESS = "InvalidAutoScalingGroupProcessToSuspendException"
UNKNOWN = "InvalidAutoScalingGroupException"
REFUSED = {
    "a termination hook of nobody": ((HOOK,), UNKNOWN, "terminationHookEnabled"),
    "notices of nobody": ((NOTICES,), UNKNOWN, "lifecycleNotifications"),
    "launches behind HAProxy": ((ONE, PROXY), "InvalidLoadBalancerInfoException", "a target group"),
    "processes of nobody": ((SUSPENDS,), PROCESS, "autoScalingGroupProcessesToSuspend"),
    "processes of a replaced group": (
        (ONE, BLUE_GREEN, SUSPENDS),
        PROCESS,
        "in-place deployments",
    ),
}


@pytest.mark.parametrize(("members", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_a_group_that_breaks_a_rule(
    members: tuple[dict[str, Any], ...], code: str, said: str
) -> None:
    (error,) = scaling_violations(group(*members))

    assert error.code == code
    assert said in error.message


def test_all_that_is_meant_for_scaling_groups_is_told_at_once() -> None:
    codes = [error.code for error in scaling_violations(group(HOOK, NOTICES, SUSPENDS))]

    assert codes == [UNKNOWN, UNKNOWN, PROCESS]


def test_a_process_that_nobody_may_suspend_is_no_process() -> None:
    wrong = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Launch"]}}

    with pytest.raises(ValueError, match="'Terminate', 'AZRebalance'"):
        group(ONE, wrong)


# --- copies


@pytest.mark.parametrize("members", [(ONE,), (ONE, TARGETS)], ids=["alone", "with targets"])
def test_one_scaling_group_can_be_copied(members: tuple[dict[str, Any], ...]) -> None:
    assert [*copy_violations(group(*members))] == []


@pytest.mark.parametrize("names", [[], ["web", "api"]], ids=["none", "two"])
def test_a_copy_is_of_one_scaling_group(names: list[str]) -> None:
    (error,) = copy_violations(group({"autoScalingGroups": names}))

    assert error.code == UNKNOWN
    assert error.message.endswith(f"exactly one of autoScalingGroups, found {len(names)}")


TAGS: dict[str, dict[str, Any]] = {
    "EC2 filters": {"ec2TagFilters": [TAG]},
    "an EC2 set": {"ec2TagSet": {"ec2TagSetList": [[TAG]]}},
    "on-premises filters": {"onPremisesInstanceTagFilters": [TAG]},
    "an on-premises set": {"onPremisesTagSet": {"onPremisesTagSetList": [[TAG]]}},
}


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS)
def test_tagged_instances_cannot_be_copied(tags: dict[str, Any]) -> None:
    (error,) = copy_violations(group(ONE, tags))

    assert error.code == "InvalidBlueGreenDeploymentConfigurationException"
    assert "remove the tag filters" in error.message


def test_all_that_forbids_a_copy_is_told_at_once() -> None:
    codes = [error.code for error in copy_violations(group(TAGS["EC2 filters"]))]

    assert codes == [
        "InvalidAutoScalingGroupException",
        "InvalidBlueGreenDeploymentConfigurationException",
    ]
