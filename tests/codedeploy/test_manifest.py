import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.application import Application, ComputePlatform
from codedeploy.configs import DeploymentConfig, MinimumHealthyHosts, MinimumHealthyHostsType
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.errors import ManifestInvalid
from codedeploy.manifest import Resource, parse_manifest

GROUP = "applicationName: shop\ndeploymentGroupName: web\n"
CONFIG = "deploymentConfigName: careful\n"

AWS_APPLICATION = {
    "application": {
        "applicationId": "d9dd6993-f171-44fa-a811-211e4EXAMPLE",
        "applicationName": "shop",
        "createTime": 1407878168.078,
        "linkedToGitHub": False,
        "computePlatform": "Lambda",
    }
}
AWS_GROUP = {
    "deploymentGroupInfo": {
        "applicationName": "shop",
        "deploymentGroupId": "bb6ef0a1-EXAMPLE",
        "deploymentGroupName": "web",
        "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
        "ec2TagFilters": [{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [{"name": "web-asg", "hook": "CodeDeploy-managed-hook"}],
        "serviceRoleArn": "arn:aws:iam::111122223333:role/deploy",
        "targetRevision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k"}},
        "triggerConfigurations": [],
        "alarmConfiguration": None,
        "deploymentStyle": {
            "deploymentType": "IN_PLACE",
            "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
        },
        "outdatedInstancesStrategy": "UPDATE",
        "computePlatform": "Server",
        "lastSuccessfulDeployment": {"deploymentId": "d-ABCDEF123", "status": "Succeeded"},
        "lastAttemptedDeployment": {"deploymentId": "d-ABCDEF123", "status": "Succeeded"},
        "terminationHookEnabled": False,
    }
}
AWS_CONFIG = {
    "deploymentConfigInfo": {
        "deploymentConfigId": "bf6b390b-EXAMPLE",
        "deploymentConfigName": "careful",
        "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 75},
        "createTime": "2024-01-01T00:00:00+00:00",
        "computePlatform": "Server",
    }
}
CAREFUL = DeploymentConfig(
    deployment_config_name="careful",
    minimum_healthy_hosts=MinimumHealthyHosts(type=MinimumHealthyHostsType.FLEET_PERCENT, value=75),
)


def read(text: str) -> tuple[Resource, ...]:
    return parse_manifest(text, document="shop.yml")


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ManifestInvalid) as refused:
        read(text)
    assert refused.value.document == "shop.yml"
    return refused.value.problems


def test_reads_what_aws_prints_of_an_application() -> None:
    assert read(json.dumps(AWS_APPLICATION)) == (
        Application(application_name="shop", compute_platform=ComputePlatform.LAMBDA),
    )


def test_reads_what_aws_prints_of_a_group() -> None:
    assert read(json.dumps(AWS_GROUP)) == (
        DeploymentGroup(
            application_name="shop",
            deployment_group_name="web",
            deployment_config_name="CodeDeployDefault.HalfAtATime",
            ec2_tag_filters=(TagFilter(key="role", value="web"),),
            auto_scaling_groups=("web-asg",),
            service_role_arn="arn:aws:iam::111122223333:role/deploy",
        ),
    )


def test_reads_what_aws_prints_of_a_configuration() -> None:
    assert read(json.dumps(AWS_CONFIG)) == (CAREFUL,)


def test_reads_what_aws_prints_of_many() -> None:
    printed = {"applicationsInfo": [{"applicationName": "a"}, {"applicationName": "b"}]}

    found = read(json.dumps(printed))

    assert found == (Application(application_name="a"), Application(application_name="b"))


def test_reads_the_inputs_of_create_commands() -> None:
    text = "applicationName: shop\n---\n" + GROUP + "---\n" + CONFIG
    text += "minimumHealthyHosts: {type: FLEET_PERCENT, value: 75}\n"

    assert read(text) == (
        Application(application_name="shop"),
        DeploymentGroup(application_name="shop", deployment_group_name="web"),
        CAREFUL,
    )


def test_a_list_is_as_good_as_several_documents() -> None:
    listed = json.dumps([AWS_APPLICATION, AWS_GROUP, AWS_CONFIG])
    separate = "\n---\n".join(json.dumps(one) for one in (AWS_APPLICATION, AWS_GROUP, AWS_CONFIG))

    assert read(listed) == read(separate)


def test_what_is_written_out_is_read_back() -> None:
    resources = read(json.dumps([AWS_APPLICATION, AWS_GROUP, AWS_CONFIG]))

    written = "\n---\n".join(resource.model_dump_json() for resource in resources)

    assert read(written) == resources


def test_extensions_are_part_of_a_group() -> None:
    text = GROUP + (
        "queuePolicy: QUEUE\n"
        "approvals: [{at: AFTER_FIRST_BATCH, deadlineMinutes: 5, onDeadline: CONTINUE}]\n"
        "environment: {LOG_LEVEL: debug}\n"
        "ec2TagSet: {ec2TagSetList: [[{Key: role, Value: web, Type: KEY_AND_VALUE}]]}\n"
    )

    (group,) = read(text)

    assert isinstance(group, DeploymentGroup)
    assert (group.queue_policy, group.approvals[0].deadline_minutes) == ("QUEUE", 5)
    assert group.environment == {"LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("Server", "OneAtATime"), ("Lambda", "LambdaAllAtOnce"), ("ECS", "ECSAllAtOnce")],
)
def test_a_group_gets_the_default_configuration_of_its_platform(
    platform: str, expected: str
) -> None:
    (group,) = read(f"{GROUP}computePlatform: {platform}\n")

    assert isinstance(group, DeploymentGroup)
    assert group.deployment_config_name == f"CodeDeployDefault.{expected}"


BAD = {
    "no resource": ("[]", "line 1: the document holds no resource"),
    "no map": ("shop", "line 1: expected a map with the members of a resource, found 'shop'"),
    "unknown kind": (
        "applicatonName: shop",
        "or applicationsInfo, found applicatonName; did you mean applicationName?",
    ),
    "wrapped text": (
        "application: shop",
        "line 1: application: expected a map with applicationName, found 'shop'",
    ),
    "key beside": (
        '{"application": {"applicationName": "a"}, "kind": 1}',
        "kind: unknown key beside application",
    ),
    "unknown key": (
        GROUP + "colour: green\n",
        "line 3: colour: unknown key; known here: applicationName, deploymentGroupName,",
    ),
    "misspelt key": (
        GROUP + "ec2TagFilter: []\n",
        "line 3: ec2TagFilter: unknown key; did you mean ec2TagFilters?",
    ),
    "misspelt nested key": (
        GROUP + "ec2TagSet:\n  ec2TagSetList:\n    - - Valu: role\n",
        "line 5: ec2TagSet.ec2TagSetList[0][0].Valu: unknown key; did you mean Value?",
    ),
    "python spelling": (
        GROUP + "queue_policy: QUEUE\n",
        "queue_policy: unknown key; did you mean queuePolicy?",
    ),
    "no application": (
        "deploymentGroupName: web",
        "applicationName: is required and missing (ApplicationNameRequiredException)",
    ),
    "bad name": (
        "applicationName: the shop",
        "'the shop' is no valid name: 1 to 100 of letters, digits and + = , . @ _ - are allowed "
        "(InvalidApplicationNameException)",
    ),
    "number as name": (
        "applicationName: 7",
        "applicationName: expected text, found 7; put it in quotes",
    ),
    "platform": (
        "applicationName: shop\ncomputePlatform: server",
        "computePlatform: expected Server, Lambda or ECS, found 'server'; did you mean Server? "
        "(InvalidComputePlatformException)",
    ),
    "tag type": (
        GROUP + "ec2TagFilters:\n  - Key: role\n    Type: KEY\n",
        "line 5: ec2TagFilters[0].Type: expected KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE, found",
    ),
    "tags no list": (
        GROUP + "ec2TagFilters: {Key: role}\n",
        "ec2TagFilters: expected a list, found a map (InvalidEC2TagException)",
    ),
    "too many tag groups": (
        GROUP + "ec2TagSet: {ec2TagSetList: [[], [], [], []]}\n",
        "ec2TagSet.ec2TagSetList: expected at most 3 items, found 4",
    ),
    "long tag": (
        GROUP + f"ec2TagFilters: [{{Key: {'k' * 129}}}]\n",
        "ec2TagFilters[0].Key: expected at most 128 characters",
    ),
    "rival tags": (
        GROUP + "ec2TagFilters: [{Key: a}]\nec2TagSet: {ec2TagSetList: [[{Key: a}]]}\n",
        "line 1: InvalidEC2TagCombinationException: ec2TagFilters and ec2TagSet are both given",
    ),
    "rollback after nothing": (
        GROUP + "autoRollbackConfiguration: {enabled: true}\n",
        "InvalidAutoRollbackConfigException: autoRollbackConfiguration is enabled but names no",
    ),
    "text as boolean": (
        GROUP + "autoRollbackConfiguration: {enabled: 'true'}\n",
        "autoRollbackConfiguration.enabled: expected true or false, found 'true'",
    ),
    "text as number": (
        GROUP + "agentTimeoutSeconds: '60'\n",
        "agentTimeoutSeconds: expected a whole number, found '60'",
    ),
    "boolean as number": (
        GROUP + "agentTimeoutSeconds: yes\n",
        "agentTimeoutSeconds: expected a whole number, found yes",
    ),
    "number too small": (
        GROUP + "agentTimeoutSeconds: 1\n",
        "agentTimeoutSeconds: expected 5 or more, found 1",
    ),
    "number as variable": (
        GROUP + "environment:\n  PORT: 80\n",
        "line 4: environment.PORT: expected text, found 80; put it in quotes",
    ),
    "nameless scaling group": (
        GROUP + "autoScalingGroups: [{hook: h}]\n",
        "autoScalingGroups[0]: expected the name of an Auto Scaling group, or a map with it",
    ),
    "scaling group twice": (
        GROUP + "autoScalingGroups: [{name: a}, a]\n",
        "autoScalingGroups[1]: 'a' is named twice (InvalidAutoScalingGroupException)",
    ),
    "process that cannot be suspended": (
        GROUP + "ec2DeploymentOptions: {autoScalingGroupProcessesToSuspend: [Launch]}\n",
        "(InvalidAutoScalingGroupProcessToSuspendException)",
    ),
    "tag of YAML": (
        GROUP + "serviceRoleArn: !GetAtt role.Arn\n",
        "the tag !GetAtt is not accepted",
    ),
    "required tag of YAML": ("applicationName: !Ref app\n", "the tag !Ref is not accepted"),
    "reserved configuration": (
        "deploymentConfigName: CodeDeployDefault.Mine\n"
        "minimumHealthyHosts: {type: HOST_COUNT, value: 1}\n",
        "reserved, found 'CodeDeployDefault.Mine'; choose another name "
        "(InvalidDeploymentConfigNameException)",
    ),
    "floor": (
        CONFIG + "minimumHealthyHosts:\n  type: FLEET_PERCENT\n  value: 100\n",
        "line 4: minimumHealthyHosts.value: expected 0 to 99 percent, found 100 "
        "(InvalidMinimumHealthyHostValueException)",
    ),
    "no floor": (
        CONFIG,
        "minimumHealthyHosts: a configuration for servers needs minimumHealthyHosts",
    ),
    "defined twice": (GROUP + "---\n" + GROUP, "line 4: shop/web is defined on line 1 as well"),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD)
def test_refuses(text: str, expected: str) -> None:
    (problem,) = problems_of(text)

    assert expected in problem


def test_reports_the_problems_of_all_documents_at_once() -> None:
    problems = problems_of(
        "applicationName: a b\n---\ndeploymentGroupName: web\ncolour: red\n---\nfoo: 1\n"
    )

    assert [problem.partition(":")[0] for problem in problems] == [
        "line 1",
        "line 3",
        "line 4",
        "line 6",
    ]


def test_a_group_of_the_same_name_in_another_application_is_another_group() -> None:
    text = GROUP + "---\n" + GROUP.replace("shop", "blog")

    assert len(read(text)) == 2


KEY_NAMES = """
applicationName computePlatform deploymentGroupName deploymentConfigName ec2TagFilters ec2TagSet
ec2TagSetList Key Type autoScalingGroups name autoRollbackConfiguration enabled events approvals at
environment minimumHealthyHosts type value trafficRoutingConfig timeBasedLinear linearPercentage
linearInterval zonalConfig application deploymentGroupInfo deploymentConfigInfo applicationsInfo
nonsense
"""
KEYS = st.sampled_from(KEY_NAMES.split())
SCALARS = st.sampled_from([None, True, 0, -1, 10**30, 0.5, "", "shop", "a b", "HOST_COUNT", "ECS"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(VALUES)
def test_any_value_is_a_manifest_or_refused_with_reasons(value: object) -> None:
    try:
        outcome: object = read(json.dumps(value))
    except ManifestInvalid as error:
        outcome = error.problems

    assert outcome
