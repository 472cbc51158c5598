from typing import Any

import pytest
from pydantic import ValidationError

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.target_instances import TargetInstances, fleet_of

FILTER = {"Key": "fleet", "Value": "green", "Type": "KEY_AND_VALUE"}
OTHER = {"Key": "fleet", "Value": "blue", "Type": "KEY_AND_VALUE"}
TAG_SET = {"ec2TagSetList": [[FILTER]]}
ON_PREMISES_SET = {"onPremisesTagSetList": [[FILTER]]}


def group(**members: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members)


def replacement(**members: Any) -> TargetInstances:
    return TargetInstances.model_validate(members)


FLEETS = {
    "tags": {"tagFilters": [FILTER]},
    "tag sets": {"ec2TagSet": TAG_SET},
    "Auto Scaling groups": {"autoScalingGroups": ["green"]},
}


@pytest.mark.parametrize("members", FLEETS.values(), ids=FLEETS)
def test_a_fleet_is_named_in_each_of_these_ways(members: dict[str, Any]) -> None:
    assert replacement(**members).names_any


def test_nothing_names_no_fleet() -> None:
    assert not TargetInstances().names_any


def test_tags_and_tag_sets_are_rivals() -> None:
    with pytest.raises(ValidationError, match=r"InvalidTargetInstancesException.*keep one of them"):
        replacement(tagFilters=[FILTER], ec2TagSet=TAG_SET)


@pytest.mark.parametrize("member", ["tagFilters", "autoScalingGroups"])
def test_a_fleet_is_named_by_ten_of_a_kind_at_most(member: str) -> None:
    named: list[Any] = [FILTER] * 11 if member == "tagFilters" else [f"g{n}" for n in range(11)]

    with pytest.raises(ValidationError, match=member):
        replacement(**{member: named})


def test_a_fleet_takes_the_place_of_all_that_a_group_means() -> None:
    everything = group(
        ec2TagFilters=[OTHER],
        autoScalingGroups=["blue"],
        onPremisesInstanceTagFilters=[OTHER],
    )

    instead = replacement(tagFilters=[FILTER]).instead_of(everything)

    assert fleet_of(instead) == fleet_of(group(ec2TagFilters=[FILTER]))


def test_tag_sets_are_replaced_too() -> None:
    before = group(ec2TagSet=TAG_SET, onPremisesTagSet=ON_PREMISES_SET)

    instead = replacement(autoScalingGroups=["green"]).instead_of(before)

    assert fleet_of(instead) == fleet_of(group(autoScalingGroups=["green"]))


def test_everything_but_the_fleet_stays() -> None:
    before = group(ec2TagFilters=[OTHER], launchFailureLimit=7, environment={"A": "1"})

    instead = replacement(tagFilters=[FILTER]).instead_of(before)

    assert instead == group(ec2TagFilters=[FILTER], launchFailureLimit=7, environment={"A": "1"})


SAME = {
    "a configuration": {"deploymentConfigName": "CodeDeployDefault.AllAtOnce"},
    "a hook": {"terminationHookEnabled": True},
    "a limit": {"launchFailureLimit": 9},
}
DIFFERENT = {
    "tags": {"ec2TagFilters": [FILTER]},
    "tag sets": {"ec2TagSet": TAG_SET},
    "Auto Scaling groups": {"autoScalingGroups": ["green"]},
    "on-premises tags": {"onPremisesInstanceTagFilters": [FILTER]},
    "on-premises tag sets": {"onPremisesTagSet": ON_PREMISES_SET},
}


@pytest.mark.parametrize("members", SAME.values(), ids=SAME)
def test_groups_with_other_rules_may_have_the_same_fleet(members: dict[str, Any]) -> None:
    assert fleet_of(group(**members)) == fleet_of(group())


@pytest.mark.parametrize("members", DIFFERENT.values(), ids=DIFFERENT)
def test_groups_that_mean_other_instances_have_other_fleets(members: dict[str, Any]) -> None:
    assert fleet_of(group(**members)) != fleet_of(group())
