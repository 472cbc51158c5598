from typing import Any

import pytest

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import UnsupportedOperation
from codedeploy.support import check_supported


def group(**members: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members)


def test_a_setting_that_would_be_ignored_is_refused_by_name() -> None:
    mailing = group(triggerConfigurations=[{"triggerName": "mail"}])

    with pytest.raises(
        UnsupportedOperation, match=r"^shop/prod: .*carry out triggerConfigurations yet"
    ):
        check_supported(mailing)


PLAIN: dict[str, dict[str, Any]] = {
    "nothing special": {},
    "what is said to be off": {
        "alarmConfiguration": {"enabled": False, "alarms": []},
        "loadBalancerInfo": {},
        "triggerConfigurations": [],
    },
}


@pytest.mark.parametrize("members", PLAIN.values(), ids=PLAIN)
def test_a_group_that_can_be_honoured_is_accepted(members: dict[str, Any]) -> None:
    check_supported(group(**members))
