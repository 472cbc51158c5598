"""What the emulator answers for instances, asked as anybody asks AWS."""

from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import IMAGE
from tests.aws.fleet_site import launch_hosts
from tests.aws.refusals import refused


@pytest.fixture
def instances(aws: Emulator) -> Any:
    return aws.client("ec2")


def ids_of(answer: dict[str, Any]) -> list[str]:
    return [one["InstanceId"] for each in answer["Reservations"] for one in each["Instances"]]


def found(instances: Any, **filters: list[str]) -> list[str]:
    wanted = [
        {"Name": name.replace("__", ":").replace("_", "-"), "Values": values}
        for name, values in filters.items()
    ]
    return ids_of(instances.describe_instances(Filters=wanted))


def test_instances_are_found_by_tags(aws: Emulator, instances: Any) -> None:
    web = launch_hosts(aws, 2, tags={"Role": "web", "Stage": "test"})
    launch_hosts(aws, 1, tags={"Role": "db", "Stage": "test"})

    assert found(instances, tag__Role=["web"]) == web
    assert found(instances, tag__Role=["w*"], tag__Stage=["test"]) == web
    assert len(found(instances, tag__Role=["web", "db"])) == 3
    assert len(found(instances, tag_key=["Stage"])) == 3
    assert found(instances, tag_value=["web"]) == web
    assert found(instances, tag__Role=["WEB"]) == []


def test_instances_are_told_page_by_page(aws: Emulator, instances: Any) -> None:
    launched = launch_hosts(aws, 5, tags={"Role": "web"})
    pages = instances.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:Role", "Values": ["web"]}], PaginationConfig={"PageSize": 2}
    )

    told = [ids_of(page) for page in pages]

    assert told == [launched[:2], launched[2:4], launched[4:]]


def test_instances_are_found_by_state(aws: Emulator, instances: Any) -> None:
    running, stopped, gone = launch_hosts(aws, 3, tags={"Role": "web"})

    instances.stop_instances(InstanceIds=[stopped])
    instances.terminate_instances(InstanceIds=[gone])

    assert found(instances, instance_state_name=["running"]) == [running]
    assert found(instances, instance_state_name=["stopped"]) == [stopped]
    assert found(instances, instance_state_name=["terminated"]) == [gone]


def test_an_instance_shows_its_tags(aws: Emulator, instances: Any) -> None:
    (launched,) = launch_hosts(aws, 1, tags={"Role": "web"})
    instances.create_tags(Resources=[launched], Tags=[{"Key": "Stage", "Value": "test"}])

    (reservation,) = instances.describe_instances(InstanceIds=[launched])["Reservations"]

    shown = {one["Key"]: one["Value"] for one in reservation["Instances"][0]["Tags"]}
    assert shown == {"Role": "web", "Stage": "test"}


def test_an_unknown_instance_is_not_found(instances: Any) -> None:
    with refused("InvalidInstanceID.NotFound"):
        instances.describe_instances(InstanceIds=["i-0123456789abcdef0"])


def run(instances: Any, token: str, **members: Any) -> list[str]:
    answer = instances.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, ClientToken=token, **members
    )
    return [one["InstanceId"] for one in answer["Instances"]]


def test_a_client_token_launches_once(instances: Any) -> None:
    first = run(instances, "token")

    assert run(instances, "token") == first
    assert ids_of(instances.describe_instances()) == first


def test_each_client_token_launches(instances: Any) -> None:
    assert run(instances, "one") != run(instances, "two")


def test_a_client_token_with_other_wishes_is_refused(instances: Any) -> None:
    run(instances, "token")

    with refused("IdempotentParameterMismatch"):
        run(instances, "token", InstanceType="t3.large")
