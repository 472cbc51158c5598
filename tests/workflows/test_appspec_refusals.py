"""AppSpec files that break a rule: refused before anything is changed."""

import json
from typing import Any

import pytest

from tests.traffic_scenario import EcsScenario, LambdaScenario, edited, inline

Change = dict[str, Any]


def hooked(event: str, function: str) -> Change:
    return {"Hooks": [{event: function}]}


FILES: dict[str, tuple[Change, str]] = {
    "no version": ({"version": None}, "version: is required"),
    "another version": ({"version": 1.0}, "expected 0.0, found"),
    "no resources": ({"Resources": []}, "expected exactly one resource, found 0"),
    "a hook of nothing": (hooked("BeforeTraffic", "check"), "'BeforeTraffic' is no hook"),
    "a reserved event": (hooked("AllowTraffic", "check"), "is reserved and calls no function"),
    "an empty hook": (hooked("BeforeAllowTraffic", ""), "name or ARN of a Lambda function, found"),
    "an unknown section": ({"Resource": []}, "did you mean Resources?"),
}
FUNCTIONS: dict[str, tuple[Change, str]] = {
    "no name": ({"Name": None}, "Name: is required and missing"),
    "an empty name": ({"Name": ""}, "Name: expected the name or ARN of a Lambda function"),
    "no alias": ({"Alias": None}, "Alias: is required and missing"),
    "an empty alias": ({"Alias": ""}, "Alias: "),
    "no current version": ({"CurrentVersion": None}, "CurrentVersion: is required and missing"),
    "current version 0": ({"CurrentVersion": 0}, "expected a whole number from 1"),
    "no target version": ({"TargetVersion": None}, "TargetVersion: is required and missing"),
    "a target that is no version": ({"TargetVersion": "$LATEST"}, "found '$LATEST'"),
}
CONTAINER = {"ContainerName": "web", "ContainerPort": 8080}


def network(**changes: Any) -> Change:
    found = {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED"}
    kept = {key: value for key, value in (found | changes).items() if value is not None}
    return {"NetworkConfiguration": {"AwsvpcConfiguration": kept}}


def strategy(*providers: Change) -> Change:
    return {"CapacityProviderStrategy": list(providers)}


FARGATE, SPOT = {"CapacityProvider": "FARGATE"}, {"CapacityProvider": "FARGATE_SPOT"}
SERVICES: dict[str, tuple[Change, str]] = {
    "no task definition": ({"TaskDefinition": None}, "TaskDefinition: is required and missing"),
    "a task definition without revision": (
        {"TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web"},
        "expected the ARN of a task definition with its revision",
    ),
    "no container": ({"LoadBalancerInfo": None}, "LoadBalancerInfo: is required and missing"),
    "no container name": (
        {"LoadBalancerInfo": {"ContainerPort": 8080}},
        "ContainerName: is required and missing",
    ),
    "no container port": (
        {"LoadBalancerInfo": {"ContainerName": "web"}},
        "ContainerPort: is required and missing",
    ),
    "port 0": ({"LoadBalancerInfo": CONTAINER | {"ContainerPort": 0}}, "from 1 to 65535, found 0"),
    "no subnets": (network(Subnets=None), "Subnets: is required and missing"),
    "empty subnets": (network(Subnets=[]), "Subnets: expected at least one id"),
    "no security groups": (network(SecurityGroups=None), "SecurityGroups: is required and missing"),
    "no public address": (network(AssignPublicIp=None), "AssignPublicIp: is required and missing"),
    "another public address": (network(AssignPublicIp="YES"), "expected ENABLED or DISABLED"),
    "a share of nothing": (strategy({"Weight": 1}), "CapacityProvider: is required and missing"),
    "two bases": (
        strategy(FARGATE | {"Base": 1, "Weight": 1}, SPOT | {"Base": 1}),
        "only one capacity provider may have a Base",
    ),
    "no weight": (strategy(FARGATE, SPOT), "one of several capacity providers needs a Weight"),
}


@pytest.mark.parametrize(("change", "said"), FILES.values(), ids=FILES)
async def test_an_appspec_file_that_breaks_a_rule_is_refused(
    checkout: LambdaScenario, change: Change, said: str
) -> None:
    content = json.dumps(checkout.app_spec(2) | change)

    code, message = await checkout.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert said in message


@pytest.mark.parametrize(("change", "said"), FUNCTIONS.values(), ids=FUNCTIONS)
async def test_an_appspec_file_of_a_function_that_breaks_a_rule_is_refused(
    checkout: LambdaScenario, change: Change, said: str
) -> None:
    content = json.dumps(edited(checkout.app_spec(2), change))

    code, message = await checkout.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert said in message


@pytest.mark.parametrize(("change", "said"), SERVICES.values(), ids=SERVICES)
async def test_an_appspec_file_of_a_service_that_breaks_a_rule_is_refused(
    web: EcsScenario, change: Change, said: str
) -> None:
    content = json.dumps(edited(web.app_spec(2), change))

    code, message = await web.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert said in message


def renamed(appspec: dict[str, Any], name: str, kind: str) -> str:
    """Return the AppSpec file with another name and type of its resource."""
    ((_, resource),) = appspec["Resources"][0].items()
    return json.dumps(appspec | {"Resources": [{name: resource | {"Type": kind}}]})


async def test_a_service_is_called_target_service(web: EcsScenario) -> None:
    content = renamed(web.app_spec(2), "Web", "AWS::ECS::Service")

    code, message = await web.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert "expected the resource TargetService, found 'Web'" in message


async def test_a_resource_has_the_type_of_its_platform(checkout: LambdaScenario) -> None:
    content = renamed(checkout.app_spec(2), "checkout", "AWS::Lambda::Alias")

    code, message = await checkout.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert "expected AWS::Lambda::Function, found 'AWS::Lambda::Alias'" in message


async def test_the_file_of_a_service_is_none_of_a_function(
    checkout: LambdaScenario, web: EcsScenario
) -> None:
    content = json.dumps(web.app_spec(2))

    code, message = await checkout.refused(revision=inline(content))

    assert code == "INVALID_REVISION"
    assert "expected AWS::Lambda::Function" in message


@pytest.mark.parametrize("content", ["", "{", "version: 0.0\n  - x", "[]"], ids=repr)
async def test_text_that_is_no_appspec_file_is_refused(
    checkout: LambdaScenario, content: str
) -> None:
    code, _ = await checkout.refused(revision=inline(content))

    assert code == "INVALID_REVISION"


async def test_a_bundle_is_no_appspec_file(checkout: LambdaScenario) -> None:
    place = {"bucket": "releases", "key": "app.zip", "bundleType": "zip"}

    code, message = await checkout.refused(revision={"revisionType": "S3", "s3Location": place})

    assert code == "INVALID_REVISION"
    assert "YAML or JSON" in message
