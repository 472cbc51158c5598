import json
import re

import pytest

from codedeploy.auto_scaling import HooksOrder, LifecycleActionResult, Transition
from codedeploy.lifecycle_hook import LifecycleHook, drifts, wanted_hooks

GROUP_ID = "4f5c1ff1-7b2e-4b6a-9f0e-1d2c3b4a5968"
ANOTHER_ID = "00000000-7b2e-4b6a-9f0e-1d2c3b4a5968"
PREFIX = "CodeDeploy-managed-automatic-launch-deployment-hook"


def order(*, name: str = "prod", with_termination: bool = False) -> HooksOrder:
    return HooksOrder(
        deployment_group_name=name,
        deployment_group_id=GROUP_ID,
        names=("web",),
        has_termination_hook=with_termination,
    )


def hook(name: str) -> LifecycleHook:
    return LifecycleHook(
        name=name,
        transition=Transition.LAUNCHING,
        default_result=LifecycleActionResult.CONTINUE,
    )


def test_hooks_are_named_as_codedeploy_names_them() -> None:
    assert order().launch_hook == f"{PREFIX}-prod-{GROUP_ID}"


def test_what_hook_names_may_not_hold_is_replaced() -> None:
    named = order(name="a.b@c+d=e,f_g").launch_hook

    assert named == f"{PREFIX}-a-b-c-d-e-f_g-{GROUP_ID}"


def test_the_longest_name_of_a_deployment_group_fits() -> None:
    named = order(name="x" * 100).termination_hook

    assert re.fullmatch(r"[A-Za-z0-9\-_/]{1,255}", named)


def test_launches_fail_and_terminations_go_on_if_nobody_answers() -> None:
    wanted = wanted_hooks(order(with_termination=True))

    assert {one.transition: one.default_result for one in wanted} == {
        Transition.LAUNCHING: LifecycleActionResult.ABANDON,
        Transition.TERMINATING: LifecycleActionResult.CONTINUE,
    }


def test_notices_name_the_deployment_group() -> None:
    (wanted,) = wanted_hooks(order())

    assert json.loads(wanted.metadata or "") == {
        "deploymentGroupName": "prod",
        "deploymentGroupId": GROUP_ID,
    }


@pytest.mark.parametrize("with_termination", [False, True])
def test_hooks_as_they_are_wanted_are_in_order(with_termination: bool) -> None:
    asked = order(with_termination=with_termination)

    assert drifts(asked, "web", wanted_hooks(asked)) == ()


def test_a_hook_of_the_same_name_and_another_id_is_not_ours() -> None:
    asked = order()

    (drift,) = drifts(asked, "web", [*wanted_hooks(asked), hook(f"{PREFIX}-prod-{ANOTHER_ID}")])

    assert not drift.is_ours
    assert "left over" in drift.sentence


@pytest.mark.parametrize(
    "name", ["install", f"{PREFIX}-prod-2-{ANOTHER_ID}", f"{PREFIX}-pro-{ANOTHER_ID}"]
)
def test_hooks_of_others_are_no_matter_of_ours(name: str) -> None:
    asked = order()

    assert drifts(asked, "web", [*wanted_hooks(asked), hook(name)]) == ()
