import pytest
from botocore.exceptions import ClientError
from temporalio.exceptions import ApplicationError

from activities.scaling_reader import asking_scaling, group_of, states_of


def refuse(code: str) -> None:
    raise ClientError({"Error": {"Code": code, "Message": "Not now"}}, "DeleteAutoScalingGroup")


@pytest.mark.parametrize(
    "code", ["ResourceContention", "ResourceInUse", "ScalingActivityInProgress"]
)
def test_a_group_that_is_busy_is_asked_again(code: str) -> None:
    with (
        pytest.raises(ApplicationError, match="on web has to wait: Not now") as error,
        asking_scaling("DeleteAutoScalingGroup", "web"),
    ):
        refuse(code)

    assert not error.value.non_retryable


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("ValidationError", "AUTO_SCALING_CONFIGURATION"),
        ("LimitExceeded", "RESOURCE_LIMIT_EXCEEDED"),
        ("AccessDenied", "IAM_ROLE_PERMISSIONS"),
    ],
)
def test_a_refusal_is_final(code: str, meaning: str) -> None:
    with (
        pytest.raises(ApplicationError, match="autoscaling:PutWarmPool on web is refused") as error,
        asking_scaling("PutWarmPool", "web"),
    ):
        refuse(code)

    assert error.value.type == meaning
    assert error.value.non_retryable


def test_the_states_of_instances_are_counted() -> None:
    states = [("InService", "Healthy"), ("InService", "Unhealthy"), ("InService", "Healthy")]
    group = group_of(
        {
            "AutoScalingGroupName": "web",
            "Instances": [
                {"InstanceId": f"i-{number}", "LifecycleState": state, "HealthStatus": health}
                for number, (state, health) in enumerate(states)
            ],
        }
    )

    assert states_of(group) == "2 InService, 1 InService, unhealthy"
    assert states_of(group.model_copy(update={"instances": ()})) == "no instances"
