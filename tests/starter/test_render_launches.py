from typing import Any

import pytest

from codedeploy.auto_scaling import (
    HeldInstance,
    LifecycleActionResult,
    OwedAnswer,
    Transition,
)
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.launches import HeldDeployment, LaunchBook
from codedeploy.target_instances import TargetInstances
from starter.render.group import group_view
from starter.render.lines import plain
from tests.starter import deployments as given_

BLUE_GREEN = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
COPY = {"greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}}
BREAKER = """
! 3 launches in a row failed, the last one is d-AAAAAAAAA: instances wait (i-1,
i-2) until a deployment succeeds. Deploy a revision that works:
next: rollway deploy shop/prod --revision REVISION
"""

UNANSWERED = """
! Waiting for an answer that could not be given to lifecycle hooks: i-1. It is
tried again every minute. Allow it to the role. Until then, others are kept
waiting (i-2).
"""


def info(group: dict[str, Any] | None = None, **members: Any) -> DeploymentGroupInfo:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    settings = {"autoScalingGroups": ["web"]} if group is None else group
    return DeploymentGroupInfo(
        group=DeploymentGroup.model_validate(names | settings),
        deployment_group_id="g-1",
        **members,
    )


def held(
    name: str, deployment_id: str | None = None, transition: Transition = Transition.LAUNCHING
) -> HeldDeployment:
    instance = HeldInstance(auto_scaling_group="web", name=name, transition=transition)
    return HeldDeployment(instance=instance, deployment_id=deployment_id)


def shown(of: DeploymentGroupInfo, **members: Any) -> str:
    return plain(group_view(of, given_.canvas(**members)))


def test_a_group_without_tags_has_its_auto_scaling_groups_alone() -> None:
    view = shown(info())

    assert "  Auto Scaling    web\n" in view
    assert "  instances" not in view


def test_tags_and_auto_scaling_groups_are_both_told() -> None:
    group = {"autoScalingGroups": ["web"], "ec2TagFilters": [TagFilter(key="role", value="web")]}

    assert "  instances       role=web\n  Auto Scaling    web\n" in shown(info(group))


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ({}, ["  replacement     instances that each deployment names", "terminated at once"]),
        (COPY, ["  replacement     a copy of the Auto Scaling group\n"]),
        (
            {
                "deploymentReadyOption": {
                    "actionOnTimeout": "STOP_DEPLOYMENT",
                    "waitTimeInMinutes": 30,
                },
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"},
            },
            [
                "  ready wait      at most 30m for `rollway continue`, else it stops\n",
                "  original        kept, without traffic\n",
            ],
        ),
    ],
    ids=["defaults", "a copy", "waits and keeps"],
)
def test_the_rules_of_blue_green_deployments_are_told(
    rules: dict[str, Any], lines: list[str]
) -> None:
    group = {
        "autoScalingGroups": ["web"],
        "deploymentStyle": BLUE_GREEN,
        "blueGreenDeploymentConfiguration": rules,
    }

    view = shown(info(group))

    assert [one for one in lines if one not in view] == []


@pytest.mark.parametrize(
    ("fleet", "words"),
    [
        (
            TargetInstances(auto_scaling_groups=("CodeDeploy_prod_d-AAAAAAAAA",)),
            "Auto Scaling group CodeDeploy_prod_d-AAAAAAAAA",
        ),
        (TargetInstances(tag_filters=(TagFilter(key="fleet", value="green"),)), "fleet=green"),
    ],
    ids=["a copy", "tags"],
)
def test_a_fleet_that_took_over_is_named_with_its_deployment(
    fleet: TargetInstances, words: str
) -> None:
    view = shown(info(fleet=fleet, fleet_of=given_.ID))

    assert f"  serving         {words} since d-AAAAAAAAA, in place of the above\n" in view


def test_a_fleet_that_the_definition_names_needs_no_word() -> None:
    fleet = TargetInstances(auto_scaling_groups=("web",))

    assert "serving" not in shown(info(fleet=fleet, fleet_of=given_.ID))


def test_held_instances_are_told_with_what_is_done_about_them() -> None:
    leaving = held("i-3", "d-BBBBBBBBB", Transition.TERMINATING)
    book = LaunchBook(held=(held("i-1", given_.ID), held("i-2"), leaving), outdated=("i-9",))

    view = shown(info(launches=book))

    assert "  launching       i-1 (d-AAAAAAAAA), i-2 (waits)\n" in view
    assert "  terminating     i-3 (d-BBBBBBBBB)\n" in view
    assert "  outdated        i-9, launched with another revision" in view


def test_hooks_without_an_answer_say_who_waits_and_why_and_who_waits_for_them() -> None:
    book = LaunchBook(held=(owed("i-1"), held("i-2")), failures=3, last_failed=given_.ID)

    view = shown(info(launches=book), width=80)

    assert "  launching       i-1 (CONTINUE is owed to its hook), i-2 (waits)\n" in view
    assert UNANSWERED in view
    assert "in a row failed" not in view


def test_a_hook_that_is_told_now_is_no_trouble_yet() -> None:
    assert "Waiting for an answer" not in shown(info(launches=LaunchBook(held=(owed("i-1", ""),))))


def owed(name: str, why: str = "Allow it to the role.") -> HeldDeployment:
    answer = OwedAnswer(result=LifecycleActionResult.CONTINUE, why=why)
    return held(name).model_copy(update={"owed": answer})


def test_an_open_breaker_says_who_waits_and_what_to_type() -> None:
    book = LaunchBook(held=(held("i-1"), held("i-2")), failures=3, last_failed=given_.ID)

    assert BREAKER in shown(info(launches=book), width=80)


def test_a_breaker_that_keeps_nobody_yet_names_nobody() -> None:
    book = LaunchBook(failures=3, last_failed=given_.ID)

    assert "instances wait until" in shown(info(launches=book))


def test_failed_launches_below_the_limit_open_no_breaker() -> None:
    book = LaunchBook(failures=2, last_failed=given_.ID)

    assert "in a row failed" not in shown(info(launches=book))
