from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.scaling_belongings import alarms_of, needs_load_balancer, to_come
from tests.activities.green_fleets import LABELLED, POLICIES

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
DAILY = {"Recurrence": "0 8 * * *"}


@pytest.mark.parametrize(
    ("action", "put"),
    [
        pytest.param(DAILY, [DAILY], id="recurs"),
        pytest.param({"StartTime": LATER}, [{"StartTime": LATER}], id="once, to come"),
        pytest.param({"StartTime": BEFORE}, [], id="once, over"),
        pytest.param(DAILY | {"StartTime": BEFORE}, [DAILY], id="recurs, since a while"),
        pytest.param(
            DAILY | {"StartTime": BEFORE, "EndTime": LATER},
            [DAILY | {"EndTime": LATER}],
            id="recurs, for a while",
        ),
        pytest.param(DAILY | {"EndTime": BEFORE}, [], id="recurred"),
    ],
)
def test_a_scheduled_action_is_put_as_far_as_it_is_to_come(
    action: dict[str, Any], put: list[dict[str, Any]]
) -> None:
    assert list(to_come(action, NOW)) == put


def test_only_policies_that_follow_a_target_group_need_it_attached() -> None:
    assert [one["PolicyName"] for one in POLICIES if needs_load_balancer(one)] == [LABELLED]


def test_alarms_that_aws_makes_itself_are_not_told() -> None:
    policies = [one | {"Alarms": [{"AlarmName": f"of {one['PolicyName']}"}]} for one in POLICIES]
    policies.append({"PolicyName": "idle", "PolicyType": "StepScaling", "Alarms": []})

    assert alarms_of(policies) == {
        "one-more": ("of one-more",),
        "some-more": ("of some-more",),
    }
