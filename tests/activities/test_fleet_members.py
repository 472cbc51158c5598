"""Whom EC2 and Auto Scaling name, at the emulator."""

from collections.abc import Mapping
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.aws_errors import THROTTLED
from activities.fleet_members import FleetMembers
from codedeploy.auto_scaling import Transition
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.membership import AwsMembers
from tests.activities.balanced_instances import counted, terminate
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import build_fleet, launch_hosts

PLAIN = FleetPlan(target_groups=0)
WEB = {"Key": "role", "Value": "web"}
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def group(**members: Any) -> DeploymentGroup:
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    return DeploymentGroup.model_validate(names | members)


def tagged(**members: Any) -> DeploymentGroup:
    return group(ec2TagFilters=[WEB], **members)


def ids(members: AwsMembers) -> list[str]:
    return sorted(members.zones)


def test_running_instances_are_found_by_their_tags_and_in_their_zones(
    aws: Emulator, clients: Aws
) -> None:
    first, second = launch_hosts(aws, 2, tags={"role": "web"})
    launch_hosts(aws, 1, tags={"role": "db"})

    members = FleetMembers(clients, tagged()).look()

    expected = {first: "us-east-1a", second: "us-east-1b"}
    assert members == AwsMembers(expected, ec2_is_asked=True)


def test_instances_that_do_not_run_are_none(aws: Emulator, clients: Aws) -> None:
    running, stopped, gone = launch_hosts(aws, 3, tags={"role": "web"})
    aws.client("ec2").stop_instances(InstanceIds=[stopped])
    terminate(aws, gone)

    assert ids(FleetMembers(clients, tagged()).look()) == [running]


def set_of(*lists: list[Mapping[str, str]]) -> dict[str, Any]:
    return {"ec2TagSet": {"ec2TagSetList": lists}}


VALUE = {"Value": "web", "Type": "VALUE_ONLY"}
KEY = {"Key": "role", "Type": "KEY_ONLY"}
FILTERS = {
    "a key alone": ({"ec2TagFilters": [KEY]}, "web db odd"),
    "a value alone": ({"ec2TagFilters": [VALUE]}, "web team"),
    "a star": ({"ec2TagFilters": [{"Key": "role", "Value": "w*"}]}, "web"),
    "another case": ({"ec2TagFilters": [{"Key": "role", "Value": "WEB"}]}, ""),
    "what EC2 reads as a wildcard": ({"ec2TagFilters": [{"Key": "role", "Value": "w?b"}]}, ""),
    "a value full of wildcards": ({"ec2TagFilters": [{"Key": "role", "Value": "[?\\]"}]}, "odd"),
    "one or another": ({"ec2TagFilters": [WEB, {"Key": "role", "Value": "db"}]}, "web db"),
    "one key or another": ({"ec2TagFilters": [WEB, {"Key": "team", "Value": "web"}]}, "web team"),
    "one list and another": (set_of([VALUE], [{"Key": "stage", "Value": "*"}]), "team"),
    "lists with more than one filter": (set_of([WEB, VALUE], [KEY, WEB]), "web"),
}


@pytest.mark.parametrize(("members", "expected"), FILTERS.values(), ids=FILTERS)
def test_whom_filters_mean(
    aws: Emulator, clients: Aws, members: dict[str, Any], expected: str
) -> None:
    names = dict(
        zip(
            [
                *launch_hosts(aws, 1, tags={"role": "web"}),
                *launch_hosts(aws, 1, tags={"role": "db"}),
                *launch_hosts(aws, 1, tags={"role": "[?\\]"}),
                *launch_hosts(aws, 1, tags={"team": "web", "stage": "test"}),
            ],
            ["web", "db", "odd", "team"],
            strict=True,
        )
    )

    found = FleetMembers(clients, group(**members)).look().zones

    assert {names[one] for one in found} == {*expected.split()}


def test_many_instances_are_asked_for_in_pages(aws: Emulator, clients: Aws) -> None:
    launched = launch_hosts(aws, 12, tags={"role": "web"})

    with counted(clients, "ec2") as calls:
        members = FleetMembers(clients, tagged(), at_once=5).look()

    assert ids(members) == sorted(launched)
    assert calls == ["DescribeInstances"] * 3


def test_values_of_one_key_are_one_question(aws: Emulator, clients: Aws) -> None:
    launch_hosts(aws, 2, tags={"role": "web"})
    filters = [{"Key": "role", "Value": f"web-{number}"} for number in range(9)]

    with counted(clients, "ec2") as calls:
        FleetMembers(clients, group(ec2TagFilters=[WEB, *filters])).look()

    assert calls == ["DescribeInstances"]


# --- Auto Scaling groups


def test_members_of_auto_scaling_groups_are_found_in_one_call(aws: Emulator, clients: Aws) -> None:
    web, api = build_fleet(aws, PLAIN), build_fleet(aws, FleetPlan(name="api", target_groups=0))

    with counted(clients, "autoscaling") as calls:
        members = FleetMembers(clients, group(autoScalingGroups=["web", "api"])).look()

    assert calls == ["DescribeAutoScalingGroups"]
    assert members == AwsMembers({one.id: one.zone for one in web.instances() + api.instances()})


def held_fleet(aws: Emulator) -> list[str]:
    """Return the instances of a fleet whose launch hook holds them."""
    hook = {
        "LifecycleHookName": "wait",
        "LifecycleTransition": Transition.LAUNCHING,
        "HeartbeatTimeout": 300,
    }
    plan = FleetPlan(target_groups=0, group={"LifecycleHookSpecificationList": [hook]})
    return build_fleet(aws, plan).wait_for(Pending_Wait=2)


def test_instances_that_are_not_in_service_are_no_members(aws: Emulator, clients: Aws) -> None:
    held_fleet(aws)

    assert FleetMembers(clients, group(autoScalingGroups=["web"])).look() == AwsMembers()


def test_instances_that_are_held_are_members_in_their_zones(aws: Emulator, clients: Aws) -> None:
    launching, _ = held_fleet(aws)

    members = FleetMembers(clients, group(autoScalingGroups=["web"])).look([launching])

    assert members == AwsMembers({launching: "us-east-1a"})


def test_tags_and_auto_scaling_groups_are_one_fleet(aws: Emulator, clients: Aws) -> None:
    site = build_fleet(aws, PLAIN)
    alone = launch_hosts(aws, 1, tags={"role": "web"})

    members = FleetMembers(clients, tagged(autoScalingGroups=["web"])).look()

    assert ids(members) == sorted(site.in_service() + alone)


def test_an_auto_scaling_group_that_is_gone_is_named(aws: Emulator, clients: Aws) -> None:
    build_fleet(aws, PLAIN)

    with pytest.raises(ApplicationError, match="no Auto Scaling group gone") as refusal:
        FleetMembers(clients, group(autoScalingGroups=["web", "gone"])).look()

    assert (refusal.value.type, refusal.value.non_retryable) == ("AUTO_SCALING_CONFIGURATION", True)


# --- rights, regions and failures


def test_aws_is_asked_in_the_service_role(aws: Emulator, clients: Aws) -> None:
    assume(aws, "shop", allowing("ec2:DescribeInstances"))
    fleet = tagged(serviceRoleArn="arn:aws:iam::123456789012:role/shop")
    launched = launch_hosts(aws, 1, tags={"role": "web"})

    assert ids(FleetMembers(clients, fleet).look()) == launched


def test_a_role_that_may_not_look_is_a_final_error(
    aws: Emulator, clients: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = assume(aws, "nobody", allowing("s3:GetObject"))
    for name, value in nobody.environment.items():
        monkeypatch.setenv(name, value)

    with authorization(aws), pytest.raises(ApplicationError) as refusal:
        FleetMembers(clients, tagged()).look()

    assert (refusal.value.type, refusal.value.non_retryable) == ("IAM_ROLE_PERMISSIONS", True)
    assert "ec2:DescribeInstances" in refusal.value.message


def test_too_many_calls_are_repeated_later(aws: Emulator, clients: Aws, failing: Faults) -> None:
    failing.throttle("ec2", "DescribeInstances")

    with pytest.raises(ApplicationError) as refusal:
        FleetMembers(clients, tagged()).look()

    assert (refusal.value.type, refusal.value.non_retryable) == (THROTTLED, False)


@pytest.fixture
def nowhere(clients: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """What a worker without a region asks AWS with."""
    for name in REGIONS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    return clients


def test_without_a_region_ec2_is_not_asked(failing: Faults, nowhere: Aws) -> None:
    rule = failing.throttle("ec2", "DescribeInstances")

    assert FleetMembers(nowhere, tagged()).look() == AwsMembers()
    assert failing.fired(rule) == 0


def test_without_a_region_an_auto_scaling_group_is_a_final_error(nowhere: Aws) -> None:
    with pytest.raises(ApplicationError, match="AWS_REGION") as refusal:
        FleetMembers(nowhere, group(autoScalingGroups=["web"])).look()

    assert refusal.value.non_retryable


def test_a_profile_that_is_not_there_is_a_final_error(
    nowhere: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(ApplicationError, match="AWS_PROFILE") as refusal:
        FleetMembers(nowhere, tagged()).look()

    assert refusal.value.non_retryable


ON_PREMISES = {
    "filters": {"onPremisesInstanceTagFilters": [WEB]},
    "a tag set": {"onPremisesTagSet": {"onPremisesTagSetList": [[WEB]]}},
    "nothing": {},
}


@pytest.mark.parametrize("members", ON_PREMISES.values(), ids=ON_PREMISES)
def test_aws_is_not_asked_about_on_premises_instances(
    clients: Aws, monkeypatch: pytest.MonkeyPatch, members: dict[str, Any]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert FleetMembers(clients, group(**members)).look() == AwsMembers()
