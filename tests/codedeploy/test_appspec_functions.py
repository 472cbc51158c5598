"""AppSpec files of Lambda functions and ECS services."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.application import ComputePlatform
from codedeploy.appspec import (
    AssignPublicIp,
    AwsvpcConfiguration,
    CapacityProvider,
    EcsAppSpec,
    LambdaAppSpec,
    ServerAppSpec,
    parse,
    parse_ecs,
    parse_lambda,
)
from codedeploy.errors import ManifestInvalid
from codedeploy.lifecycle import ECS_HOOKS, LAMBDA_HOOKS, LifecycleEvent

ARN = "arn:aws:ecs:eu-central-1:111122223333:task-definition/shop:7"
FUNCTION = {"Name": "shop", "Alias": "live", "CurrentVersion": 1, "TargetVersion": "2"}
SERVICE = {
    "TaskDefinition": ARN,
    "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
}
NETWORK = {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED"}


def document(kind: str, name: str, properties: object, hooks: object = None) -> str:
    resource = {name: {"Type": kind, "Properties": properties}}
    return json.dumps({"version": 0.0, "Resources": [resource], "Hooks": hooks}, indent=1)


def function(hooks: object = None, **changes: object) -> str:
    return document("AWS::Lambda::Function", "shop", FUNCTION | changes, hooks)


def service(hooks: object = None, **changes: object) -> str:
    return document("AWS::ECS::Service", "TargetService", SERVICE | changes, hooks)


def network(**changes: object) -> str:
    return service(NetworkConfiguration={"AwsvpcConfiguration": NETWORK | changes})


def strategy(*providers: object) -> str:
    return service(CapacityProviderStrategy=list(providers))


def problems_of(text: str) -> tuple[str, ...]:
    platform = ComputePlatform.ECS if "ECS" in text else ComputePlatform.LAMBDA
    with pytest.raises(ManifestInvalid) as refused:
        parse(text, platform)
    return refused.value.problems


def test_reads_a_function() -> None:
    arn = "arn:aws:lambda:eu-central-1:111122223333:function:verify"
    hooks = [
        {"BeforeAllowTraffic": "check"},
        {"AfterAllowTraffic": arn},
    ]

    assert parse_lambda(function(hooks)) == LambdaAppSpec(
        function_name="shop",
        alias="live",
        current_version=1,
        target_version=2,
        hooks={
            LifecycleEvent.BEFORE_ALLOW_TRAFFIC: "check",
            LifecycleEvent.AFTER_ALLOW_TRAFFIC: arn,
        },
    )


def test_reads_a_service() -> None:
    assert parse_ecs(service([{"BeforeInstall": "check"}])) == EcsAppSpec(
        task_definition=ARN,
        container_name="web",
        container_port=8080,
        hooks={LifecycleEvent.BEFORE_INSTALL: "check"},
    )


def test_reads_the_optional_properties_of_a_service() -> None:
    text = service(
        PlatformVersion="1.4.0",
        NetworkConfiguration={"AwsvpcConfiguration": NETWORK},
        CapacityProviderStrategy=[{"CapacityProvider": "FARGATE", "Base": 1, "Weight": "2"}],
    )

    appspec = parse_ecs(text)

    assert appspec.platform_version == "1.4.0"
    assert appspec.network == AwsvpcConfiguration(
        subnets=("subnet-1",), security_groups=("sg-1",), assign_public_ip=AssignPublicIp.ENABLED
    )
    assert appspec.capacity_provider_strategy == (
        CapacityProvider(capacity_provider="FARGATE", base=1, weight=2),
    )


def test_keys_of_a_function_are_matched_without_regard_to_case() -> None:
    text = function([{"beforeallowtraffic": "check"}])
    values = ("AWS::Lambda::Function",)

    lowered = text.lower().replace(values[0].lower(), values[0])

    assert parse_lambda(lowered) == parse_lambda(text)


def test_keys_of_a_service_are_matched_without_regard_to_case() -> None:
    text = network()
    lowered = text.lower().replace("aws::ecs::service", "AWS::ECS::Service")

    assert parse_ecs(lowered.replace("enabled", "ENABLED")) == parse_ecs(text)


def test_two_spellings_of_a_key_are_a_duplicate() -> None:
    (problem,) = problems_of(function(alias="other"))

    assert "alias: the key stands here and on line " in problem


@pytest.mark.parametrize("event", LAMBDA_HOOKS)
def test_a_function_has_two_hooks(event: LifecycleEvent) -> None:
    assert list(parse_lambda(function([{event: "check"}])).hooks) == [event]


@pytest.mark.parametrize("event", ECS_HOOKS)
def test_a_service_has_five_hooks(event: LifecycleEvent) -> None:
    assert list(parse_ecs(service([{event: "check"}])).hooks) == [event]


BAD = {
    "no resources": ('{"version": 0}', "Resources: is required and missing"),
    "two resources": (
        '{"version": 0, "Resources": [{}, {}]}',
        "Resources: expected exactly one resource, found 2",
    ),
    "resource map": (
        '{"version": 0, "Resources": {"shop": {}}}',
        "Resources: expected a list of one resource, found a map",
    ),
    "two names in one": (
        '{"version": 0, "Resources": [{"a": {}, "b": {}}]}',
        "Resources[0]: expected a resource's name and its definition alone, found 2 keys",
    ),
    "wrong type": (
        document("AWS::ECS::Service", "shop", FUNCTION).replace("ECS::Service", "Lambda::Alias"),
        "Type: expected AWS::Lambda::Function, found 'AWS::Lambda::Alias'",
    ),
    "wrong name": (
        document("AWS::ECS::Service", "Shop", SERVICE),
        "expected the resource TargetService, found 'Shop'",
    ),
    "no properties": (
        document("AWS::Lambda::Function", "shop", None),
        "Properties: is required and holds nothing",
    ),
    "empty name": (function(Name=""), "Name: expected the name or ARN of a Lambda function"),
    "no alias": (function(Alias=None), "Alias: is required and holds nothing"),
    "version zero": (function(CurrentVersion=0), "CurrentVersion: expected a whole number from 1"),
    "version name": (function(TargetVersion="$LATEST"), "TargetVersion: expected a whole number"),
    "version boolean": (function(TargetVersion=True), "TargetVersion: expected a whole number"),
    "hook of a service": (
        function([{"BeforeInstall": "check"}]),
        "'BeforeInstall' is no hook of this platform",
    ),
    "typo in hook": (
        function([{"BeforeAllowTrafic": "check"}]),
        "did you mean BeforeAllowTraffic?; allowed: BeforeAllowTraffic, AfterAllowTraffic",
    ),
    "reserved hook": (function([{"AllowTraffic": "check"}]), "is reserved and calls no function"),
    "empty hook": (
        function([{"BeforeAllowTraffic": ""}]),
        "expected the name or ARN of a Lambda function, found ''",
    ),
    "null hook": (function([{"BeforeAllowTraffic": None}]), "Lambda function, found nothing"),
    "hook twice": (
        function([{"BeforeAllowTraffic": "a"}, {"BeforeAllowTraffic": "b"}]),
        "BeforeAllowTraffic has a function already",
    ),
    "hooks map": (function({"BeforeAllowTraffic": "a"}), "Hooks: expected a list of hooks"),
    "hook text": (function(["BeforeAllowTraffic"]), "Hooks[0]: expected a map of a lifecycle"),
    "two hooks in one": (
        function([{"BeforeAllowTraffic": "a", "AfterAllowTraffic": "b"}]),
        "Hooks[0]: expected a lifecycle event and its function alone, found 2 keys",
    ),
    "family only": (service(TaskDefinition="shop:7"), "expected the ARN of a task definition"),
    "no revision": (service(TaskDefinition=ARN[:-2]), "expected the ARN of a task definition"),
    "no container": (service(LoadBalancerInfo=None), "LoadBalancerInfo: is required and holds"),
    "no container name": (
        service(LoadBalancerInfo={"ContainerPort": 80}),
        "LoadBalancerInfo.ContainerName: is required and missing",
    ),
    "port zero": (
        service(LoadBalancerInfo={"ContainerName": "web", "ContainerPort": 0}),
        "ContainerPort: expected a whole number from 1 to 65535, found 0",
    ),
    "no subnets": (network(Subnets=None), "Subnets: is required and holds nothing"),
    "empty groups": (network(SecurityGroups=[]), "SecurityGroups: expected at least one id"),
    "address": (network(AssignPublicIp="YES"), "expected ENABLED or DISABLED, found 'YES'"),
    "no provider": (strategy({"Weight": 1}), "CapacityProvider: is required and missing"),
    "negative base": (
        strategy({"CapacityProvider": "a", "Base": -1}),
        "Base: expected a whole number from 0",
    ),
    "two bases": (
        strategy(
            {"CapacityProvider": "a", "Base": 1, "Weight": 1},
            {"CapacityProvider": "b", "Base": 1},
        ),
        "only one capacity provider may have a Base",
    ),
    "no weight": (
        strategy({"CapacityProvider": "a"}, {"CapacityProvider": "b"}),
        "one of several capacity providers needs a Weight",
    ),
    "typo in property": (service(PlatformVersio="1"), "did you mean PlatformVersion?"),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD)
def test_refuses(text: str, expected: str) -> None:
    (problem,) = problems_of(text)

    assert expected in problem


def test_reports_all_problems_at_once() -> None:
    problems = problems_of(function(["x"], Alias=None, CurrentVersion="one", TargetVersion=0))

    assert len(problems) == 4


def test_the_platform_decides_how_an_appspec_is_read() -> None:
    texts = {
        ComputePlatform.SERVER: "version: 0.0\nos: linux\n",
        ComputePlatform.LAMBDA: function(),
        ComputePlatform.ECS: service(),
    }

    models = [type(parse(text, platform)) for platform, text in texts.items()]

    assert models == [ServerAppSpec, LambdaAppSpec, EcsAppSpec]


KEY_NAMES = """
version os files source destination permissions object mode acls type context range hooks
AfterInstall location timeout sudo Resources TargetService Type Properties Hooks Name Alias
CurrentVersion LoadBalancerInfo NetworkConfiguration AwsvpcConfiguration Subnets
CapacityProviderStrategy Base BeforeAllowTraffic nonsense
"""
KEYS = st.sampled_from(KEY_NAMES.split())
SCALARS = st.sampled_from([None, True, 0, -1, 493, 0.0, "", "linux", "/", "a", "../a", "0755"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("platform", ComputePlatform)
@given(value=VALUES)
def test_any_value_is_an_appspec_or_refused_with_reasons(
    platform: ComputePlatform, value: object
) -> None:
    try:
        appspec = parse(json.dumps(value), platform)
    except ManifestInvalid as error:
        outcome: object = error.problems
    else:
        outcome = appspec

    assert outcome
