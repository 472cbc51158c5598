from typing import Any

import pytest

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import UnsupportedOperation
from codedeploy.support import check_supported


def group(**members: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members)


UNSUPPORTED: dict[str, dict[str, Any]] = {
    "deploymentType BLUE_GREEN": {"deploymentStyle": {"deploymentType": "BLUE_GREEN"}},
    "autoScalingGroups": {"autoScalingGroups": ["web"]},
    "triggerConfigurations": {"triggerConfigurations": [{"triggerName": "mail"}]},
    "terminationHookEnabled": {"terminationHookEnabled": True},
}


@pytest.mark.parametrize(("name", "members"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_a_setting_that_would_be_ignored_is_refused_by_name(
    name: str, members: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedOperation, match=rf"^shop/prod: .*carry out {name} yet"):
        check_supported(group(**members))


def test_every_such_setting_is_named_at_once() -> None:
    asked_for = {"autoScalingGroups": ["web"], "terminationHookEnabled": True}

    with pytest.raises(UnsupportedOperation, match="autoScalingGroups, terminationHookEnabled yet"):
        check_supported(group(**asked_for))


PLAIN: dict[str, dict[str, Any]] = {
    "nothing special": {},
    "what is said to be off": {
        "alarmConfiguration": {"enabled": False, "alarms": []},
        "loadBalancerInfo": {},
        "autoScalingGroups": [],
        "terminationHookEnabled": False,
    },
}


@pytest.mark.parametrize("members", PLAIN.values(), ids=PLAIN)
def test_a_group_that_can_be_honoured_is_accepted(members: dict[str, Any]) -> None:
    check_supported(group(**members))
