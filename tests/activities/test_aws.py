import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from codedeploy.errors import ErrorCode
from tests.aws.authorization import allowing, authorization
from tests.aws.emulator import Emulator
from tests.aws.endpoint import ACCOUNT, REGION

NOBODY = f"arn:aws:iam::{ACCOUNT}:role/nobody"


def role(aws: Emulator, name: str, *actions: str) -> str:
    iam = aws.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    if actions:
        policy = json.dumps(allowing(*actions))
        iam.put_role_policy(RoleName=name, PolicyName="tested", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def worker(aws: Emulator, monkeypatch: pytest.MonkeyPatch, *actions: str) -> None:
    """Make a worker whose own credentials allow `actions`, and nothing else."""
    iam = aws.client("iam")
    iam.create_user(UserName="worker")
    policy = json.dumps(allowing(*actions))
    iam.put_user_policy(UserName="worker", PolicyName="tested", PolicyDocument=policy)
    key = iam.create_access_key(UserName="worker")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def identity(clients: Aws, role_arn: str | None) -> str:
    return str(clients.client("sts", role_arn).get_caller_identity()["Arn"])


def test_a_client_is_made_once(clients: Aws) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: clients.client("lambda", None), range(16)))

    assert len(set(map(id, made))) == 1


def test_a_role_has_clients_of_its_own(aws: Emulator, clients: Aws) -> None:
    arn = role(aws, "deployer")

    assert clients.client("lambda", arn) is not clients.client("lambda", None)


def test_calls_are_made_in_the_role(aws: Emulator, clients: Aws) -> None:
    arn = role(aws, "deployer")

    assert identity(clients, arn).endswith(":assumed-role/deployer/rollway-worker")


def test_threads_share_the_credentials_of_a_role(aws: Emulator, clients: Aws) -> None:
    arn = role(aws, "deployer")
    seen: list[Any] = []
    clients.client("sts", None).meta.events.register(
        "after-call.sts.AssumeRole", lambda **answer: seen.append(answer)
    )

    with ThreadPoolExecutor(8) as threads:
        who = set(threads.map(lambda _: identity(clients, arn), range(8)))

    assert (len(who), len(seen)) == (1, 1)


def test_credentials_that_expire_soon_are_asked_for_again(aws: Emulator, clients: Aws) -> None:
    arn = role(aws, "deployer")
    soon = datetime.now(UTC) + timedelta(seconds=30)
    seen: list[Any] = []

    def shorten(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Credentials"]["Expiration"] = soon
        seen.append(parsed)

    clients.client("sts", None).meta.events.register("after-call.sts.AssumeRole", shorten)
    identity(clients, arn)
    identity(clients, arn)

    assert len(seen) == 2


def test_the_workers_own_credentials_need_no_right_but_to_assume_the_role(
    aws: Emulator, clients: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = role(aws, "deployer", "lambda:ListFunctions")
    worker(aws, monkeypatch, "sts:AssumeRole")

    with authorization(aws):
        answer = clients.client("lambda", arn).list_functions()

    assert answer["Functions"] == []


def test_a_worker_that_may_not_assume_the_role_is_told_what_to_do(
    aws: Emulator, clients: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = role(aws, "deployer", "lambda:ListFunctions")
    worker(aws, monkeypatch, "lambda:ListFunctions")

    with (
        authorization(aws),
        pytest.raises(ApplicationError) as refused,
        asking("lambda:ListFunctions", "all", otherwise=ErrorCode.INTERNAL_ERROR),
    ):
        clients.client("lambda", arn).list_functions()

    assert (refused.value.type, refused.value.non_retryable) == ("IAM_ROLE_MISSING", True)
    assert refused.value.message.startswith(f"sts:AssumeRole on {arn} is refused: AccessDenied")
    assert "name the worker's principal in its trust policy" in refused.value.message
    assert "or leave serviceRoleArn out of the deployment group" in refused.value.message


def test_a_role_without_the_right_is_told_which_one(
    aws: Emulator, clients: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = role(aws, "deployer", "lambda:GetAlias")
    worker(aws, monkeypatch, "sts:AssumeRole")

    with (
        authorization(aws),
        pytest.raises(ApplicationError) as refused,
        asking("lambda:ListFunctions", "all", otherwise=ErrorCode.INTERNAL_ERROR),
    ):
        clients.client("lambda", arn).list_functions()

    assert refused.value.type == "IAM_ROLE_PERMISSIONS"
    assert "Allow lambda:ListFunctions to the role" in refused.value.message


def test_a_worker_without_credentials_is_told_so(
    clients: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with (
        pytest.raises(ApplicationError, match="the worker has no AWS credentials") as refused,
        asking("lambda:ListFunctions", "all", otherwise=ErrorCode.INTERNAL_ERROR),
    ):
        clients.client("lambda", None).list_functions()

    assert refused.value.type == "IAM_ROLE_MISSING"


@pytest.mark.parametrize("role_arn", [None, NOBODY], ids=["own credentials", "a role"])
def test_a_worker_without_a_region_is_told_so(
    clients: Aws, monkeypatch: pytest.MonkeyPatch, role_arn: str | None
) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(ApplicationError, match=r"region\. Correct .* AWS_REGION") as refused:
        clients.client("lambda", role_arn)

    assert refused.value.non_retryable


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("role_arn", [None, NOBODY], ids=["own credentials", "a role"])
def test_the_region_is_the_one_of_the_environment(
    clients: Aws, monkeypatch: pytest.MonkeyPatch, variable: str, role_arn: str | None
) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv(variable, "eu-west-1")

    assert clients.client("lambda", role_arn).meta.region_name == "eu-west-1"


def test_an_endpoint_that_is_none_is_named(clients: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")

    with pytest.raises(ApplicationError, match=r"Invalid endpoint: nowhere") as refused:
        clients.client("lambda", None)

    assert refused.value.non_retryable


def test_a_session_that_is_given_is_used(aws: Emulator, clients: Aws) -> None:
    from botocore.session import get_session

    session = get_session()
    session.set_config_variable("region", "eu-central-1")

    assert Aws(session).client("lambda", None).meta.region_name == "eu-central-1"
    assert clients.client("lambda", None).meta.region_name == REGION
