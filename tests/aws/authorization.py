"""Who may do what: the emulator checks nothing, unless it is told to.

credentials = assume(aws, "worker", {"Version": ..., "Statement": [...]})
with authorization(aws):
    aws.client("ecs", credentials).describe_services(...)
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.aws.endpoint import Credentials, Endpoint

_TRUST_EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@contextmanager
def authorization(aws: Endpoint) -> Iterator[None]:
    """Check signatures and policies for the length of the block.

    Clients without credentials of their own are nobody then: what they prepare comes before.
    A proxy breaks signatures: callers must be pointed at the emulator itself.
    """
    _check_after(aws, b"0")
    try:
        yield
    finally:
        _check_after(aws, b"inf")


def _check_after(aws: Endpoint, unchecked_calls: bytes) -> None:
    aws.ask("/moto-api/reset-auth", method="POST", body=unchecked_calls)


def assume(aws: Endpoint, role_name: str, policy: Mapping[str, Any]) -> Credentials:
    """Create a role that may do what `policy` says, and return credentials of it."""
    iam = aws.client("iam")
    created = iam.create_role(
        RoleName=role_name, AssumeRolePolicyDocument=json.dumps(_TRUST_EVERYBODY)
    )
    iam.put_role_policy(RoleName=role_name, PolicyName="tested", PolicyDocument=json.dumps(policy))
    assumed = aws.client("sts").assume_role(
        RoleArn=created["Role"]["Arn"], RoleSessionName=role_name
    )["Credentials"]
    return Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])


def allowing(*actions: str, resource: str = "*") -> dict[str, Any]:
    """Return a policy that allows actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}
