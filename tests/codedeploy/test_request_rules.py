from typing import Any

import pytest

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.request_rules import refusals
from tests.codedeploy.fleets import pinned

NAMES = {"applicationName": "shop", "deploymentGroupName": "prod"}
SUSPENDS = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Terminate"]}}
SCALED = {"autoScalingGroups": ["web"]}
GOOD = {"last_successful_revision": pinned("v1")}


def codes(group: dict[str, Any], info: dict[str, Any], request: dict[str, Any]) -> list[str]:
    """Return with which codes a group refuses a request."""
    known = DeploymentGroupInfo(
        group=DeploymentGroup.model_validate(NAMES | group), deployment_group_id="g", **info
    )
    asked = DeploymentRequest.model_validate(NAMES | request)
    return [problem.code.removesuffix("Exception") for problem in refusals(known, asked)]


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]] = {
    "it is free, and has a good revision": ({}, GOOD, {}, []),
    "it was never accepted": (
        {},
        GOOD | {"is_defined": False},
        {},
        ["DeploymentGroupDoesNotExist"],
    ),
    "it is busy": ({}, GOOD | {"active": "d-1"}, {}, ["DeploymentLimitExceeded"]),
    "it is busy, and queues": ({"queuePolicy": "QUEUE"}, GOOD | {"active": "d-1"}, {}, []),
    "it has nothing to deploy again": ({}, {}, {}, ["InvalidRevision"]),
    "processes of its scaling groups are named": (SCALED, GOOD, SUSPENDS, []),
    "processes of nobody are named": (
        {},
        GOOD,
        SUSPENDS,
        ["InvalidAutoScalingGroupProcessToSuspend"],
    ),
}


@pytest.mark.parametrize(("group", "info", "request_", "expected"), CASES.values(), ids=CASES)
def test_what_a_group_says_of_a_request(
    group: dict[str, Any], info: dict[str, Any], request_: dict[str, Any], expected: list[str]
) -> None:
    assert codes(group, info, request_) == expected
