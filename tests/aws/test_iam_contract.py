"""What the emulator refuses while it checks who may do what."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.answers import payload
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.endpoint import Credentials
from tests.aws.functions import publish

Call = Callable[[Callable[[str], Any]], Any]

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/1/2"
CALLS: dict[str, Call] = {
    "lambda:GetAlias": lambda to: to("lambda").get_alias(FunctionName="shop", Name="live"),
    "lambda:UpdateAlias": lambda to: to("lambda").update_alias(FunctionName="shop", Name="live"),
    "lambda:InvokeFunction": lambda to: to("lambda").invoke(FunctionName="shop"),
    "ecs:ListClusters": lambda to: to("ecs").list_clusters(),
    "elasticloadbalancing:DescribeTargetGroups": lambda to: to("elbv2").describe_target_groups(),
    "cloudwatch:DescribeAlarms": lambda to: to("cloudwatch").describe_alarms(),
    "autoscaling:DescribeAutoScalingGroups": lambda to: to(
        "autoscaling"
    ).describe_auto_scaling_groups(),
    "sns:ListTopics": lambda to: to("sns").list_topics(),
    "ec2:DescribeInstances": lambda to: to("ec2").describe_instances(),
    "s3:GetObject": lambda to: to("s3").get_object(Bucket="bundles", Key="shop.zip"),
}
"""A call for each service that is used, by the action that allows it."""

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@pytest.fixture
def shop(aws: Emulator) -> Emulator:
    """An account in which every one of the calls finds what it is about."""
    publish(aws, "shop", "def handler(event, context): return 'ran'")
    aws.client("lambda").create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    aws.client("s3").create_bucket(Bucket="bundles")
    aws.client("s3").put_object(Bucket="bundles", Key="shop.zip", Body=b"zip")
    return aws


def called(aws: Emulator, credentials: Credentials, call: Call) -> Any:
    return call(lambda service: aws.client(service, credentials))


def refused(aws: Emulator, credentials: Credentials, call: Call) -> Any:
    with pytest.raises(ClientError) as error:
        called(aws, credentials, call)
    return error.value.response


@pytest.mark.parametrize("action", CALLS)
def test_an_allowed_call_is_carried_out(shop: Emulator, action: str) -> None:
    role = assume(shop, "worker", allowing(action))

    with authorization(shop):
        answer = called(shop, role, CALLS[action])

    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (200, 201)


@pytest.mark.parametrize("action", CALLS)
def test_a_call_that_is_not_allowed_is_denied(shop: Emulator, action: str) -> None:
    role = assume(shop, "worker", allowing(*(CALLS.keys() - {action})))

    with authorization(shop):
        answer = refused(shop, role, CALLS[action])

    assert answer["Error"]["Code"] in DENIED
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("action", [one for one in CALLS if not one.startswith("s3:")])
def test_a_denial_names_the_caller_and_the_action(shop: Emulator, action: str) -> None:
    role = assume(shop, "worker", allowing("sts:GetCallerIdentity"))

    with authorization(shop):
        message = refused(shop, role, CALLS[action])["Error"]["Message"]

    assert message.startswith("User: arn:aws:sts::123456789012:assumed-role/worker/worker is not")
    assert f"not authorized to perform: {action} on" in message


def test_a_denied_call_changes_nothing(shop: Emulator) -> None:
    role = assume(shop, "worker", allowing("lambda:GetAlias"))
    before = shop.client("lambda").get_alias(FunctionName="shop", Name="live")["RevisionId"]

    with authorization(shop):
        refused(shop, role, CALLS["lambda:UpdateAlias"])

    after = shop.client("lambda").get_alias(FunctionName="shop", Name="live")["RevisionId"]
    assert after == before


def test_an_action_may_be_allowed_by_a_pattern(shop: Emulator) -> None:
    role = assume(shop, "worker", allowing("lambda:Get*"))

    with authorization(shop):
        answer = called(shop, role, CALLS["lambda:GetAlias"])
        denied = refused(shop, role, CALLS["lambda:UpdateAlias"])

    assert answer["Name"] == "live"
    assert denied["Error"]["Code"] == "AccessDeniedException"


def test_an_action_allowed_on_some_resources_passes(shop: Emulator) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    role = assume(shop, "worker", allowing("lambda:GetAlias", resource=arn))

    with authorization(shop):
        answer = called(shop, role, CALLS["lambda:GetAlias"])

    assert answer["Name"] == "live"


def test_a_statement_that_denies_wins(shop: Emulator) -> None:
    policy = allowing("*")
    denial = {"Effect": "Deny", "Action": "lambda:UpdateAlias", "Resource": "*"}
    role = assume(shop, "worker", {**policy, "Statement": [*policy["Statement"], denial]})

    with authorization(shop):
        denied = refused(shop, role, CALLS["lambda:UpdateAlias"])

    assert denied["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "code"),
    [("ecs", "InvalidSignatureException"), ("sns", "SignatureDoesNotMatch")],
)
def test_a_wrong_secret_is_not_believed(shop: Emulator, service: str, code: str) -> None:
    role = assume(shop, "worker", allowing("*"))
    forged = Credentials(role.access_key_id, "guessed", role.session_token)
    action = {"ecs": "ecs:ListClusters", "sns": "sns:ListTopics"}[service]

    with authorization(shop):
        answer = refused(shop, forged, CALLS[action])

    assert answer["Error"]["Code"] == code


def test_a_function_has_the_rights_of_its_role(shop: Emulator) -> None:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('lambda').list_functions()['Functions'][0]['FunctionName']\n"
    )
    publish(shop, "shop", source)
    caller = assume(shop, "worker", allowing("lambda:InvokeFunction"))

    with authorization(shop):
        answer = called(shop, caller, CALLS["lambda:InvokeFunction"])

    error = payload(answer)["errorMessage"]
    assert "is not authorized to perform: lambda:ListFunctions" in error


def test_nothing_is_checked_after_the_block(shop: Emulator) -> None:
    with authorization(shop):
        answer = refused(shop, Credentials(), CALLS["ecs:ListClusters"])

    assert answer["Error"]["Code"] == "UnrecognizedClientException"
    assert shop.client("ecs").list_clusters()["clusterArns"] == []
