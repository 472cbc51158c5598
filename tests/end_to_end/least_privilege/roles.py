"""Roles with the documented policies, and a worker that may do nothing but assume them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starter.server import NAMESPACE
from tests.aws.endpoint import ACCOUNT, Credentials, Endpoint
from tests.aws.program import Program
from tests.policies import Policy, documented

WORKER = "rollway-worker"
STRANGER = "somebody-else"
_DOCUMENTED_ROLE = "arn:aws:iam::111122223333:role/rollway"
_ROLES_HERE = f"arn:aws:iam::{ACCOUNT}:role/rollway-*"
_READY = "worker ready"


class Roles:
    """Roles and users of one account."""

    def __init__(self, aws: Endpoint) -> None:
        self._iam = aws.client("iam")

    def role(self, name: str, policy: Policy, *, trusts: str = WORKER) -> str:
        """Make a role that may do what `policy` says, and return its ARN.

        Args:
            trusts: The user who may assume it.
        """
        name = f"rollway-{name}".replace(" ", "-").replace(":", "-")
        made = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust(trusts))
        self._iam.put_role_policy(
            RoleName=name, PolicyName="documented", PolicyDocument=_for_moto(policy)
        )
        return str(made["Role"]["Arn"])

    def user(self, name: str, policy: Policy) -> Credentials:
        """Make a user who may do what `policy` says, and return credentials of theirs."""
        self._iam.create_user(UserName=name)
        self._iam.put_user_policy(
            UserName=name, PolicyName="documented", PolicyDocument=_for_moto(policy)
        )
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _trust(user: str) -> str:
    """Return the documented trust policy with a user for the worker: moto trusts no sessions."""
    policy = documented("trust")
    (statement,) = policy["Statement"]
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{user}"}
    return json.dumps({**policy, "Statement": [{**statement, "Principal": principal}]})


def _for_moto(policy: Policy) -> str:
    """Return a policy about the roles here; conditions are left out, for moto they are denials."""
    statements = [
        {key: value for key, value in statement.items() if key != "Condition"}
        for statement in policy["Statement"]
    ]
    return json.dumps({**policy, "Statement": statements}).replace(_DOCUMENTED_ROLE, _ROLES_HERE)


@contextmanager
def worker_of(aws: Endpoint, credentials: Credentials, address: str, store: Path) -> Iterator[None]:
    """Run the control plane's worker as a process of its own that acts as `credentials`."""
    command = (
        *(sys.executable, "-m", "worker", "--address", address),
        *("--namespace", NAMESPACE, "--store", str(store)),
    )
    running = Program(command, {**aws.environment, **credentials.environment})
    try:
        running.until_ready(lambda: _READY if _READY in running.output else None)
        yield
    finally:
        running.stop()
