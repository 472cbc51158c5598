from typing import Any

from codedeploy.auto_scaling import HooksOrder
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.scaling_hooks import hooks_of, stale_hooks

QUEUE = "arn:aws:sqs:us-east-1:123456789012:notices"
ROLE = "arn:aws:iam::123456789012:role/hooks"


def order(**members: Any) -> HooksOrder:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return hooks_of(DeploymentGroup.model_validate(names | members), "g-1")


def test_every_scaling_group_of_a_group_has_its_hooks() -> None:
    assert order(autoScalingGroups=["web", "api"]).names == ("web", "api")


def test_a_group_without_scaling_groups_has_none() -> None:
    assert order().names == ()


def test_hooks_are_called_by_name_and_id_of_the_group() -> None:
    assert order().launch_hook.endswith("-launch-deployment-hook-prod-g-1")


def test_terminations_are_hooked_only_if_that_is_said() -> None:
    assert not order().has_termination_hook
    assert order(terminationHookEnabled=True).has_termination_hook


def test_a_group_without_a_queue_has_hooks_that_tell_nobody() -> None:
    assert (order().queue_arn, order().queue_role_arn) == (None, None)


def test_a_queue_is_told_in_the_role_that_is_named_for_it() -> None:
    told = order(lifecycleNotifications={"queueArn": QUEUE, "roleArn": ROLE})

    assert (told.queue_arn, told.queue_role_arn) == (QUEUE, ROLE)


def test_hooks_are_put_in_the_role_of_the_group() -> None:
    assert order(serviceRoleArn="arn:service").role_arn == "arn:service"


# --- hooks that nobody wants any more


def test_hooks_of_groups_that_are_not_wanted_are_stale() -> None:
    (stale,) = stale_hooks([order(autoScalingGroups=["web", "api"])], order_of("web"))

    assert stale.names == ("api",)


def test_hooks_that_are_wanted_again_are_stale_no_more() -> None:
    assert stale_hooks([order_of("web")], order_of("web")) == ()


def test_hooks_are_removed_in_the_role_that_put_them() -> None:
    put = order(autoScalingGroups=["web"], serviceRoleArn="arn:old")

    (stale,) = stale_hooks([put], order(serviceRoleArn="arn:new"))

    assert stale.role_arn == "arn:old"


def test_hooks_are_stale_once_however_often_they_were_wanted() -> None:
    assert len(stale_hooks([order_of("web"), order_of("web")], order_of())) == 1


def order_of(*names: str) -> HooksOrder:
    return order(autoScalingGroups=[*names])
