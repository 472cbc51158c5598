"""A role that the worker acts in, because a deployment group names it."""

from collections.abc import Callable
from typing import Any

from botocore.credentials import CredentialResolver, DeferredRefreshableCredentials
from botocore.session import Session, get_session

from activities.aws import asking
from codedeploy.errors import ErrorCode

SESSION_NAME = "rollway-worker"
"""What CloudTrail calls the worker while it acts in a role."""

_TRUST = (
    "Create the role, name the worker's principal in its trust policy, and allow sts:AssumeRole to "
    "that principal; or leave serviceRoleArn out of the deployment group: then the worker acts "
    "with its own credentials."
)


class Role:
    """Where a session finds the credentials of a role: STS gives them, again and again.

    Args:
        sts: Returns the client that acts with the worker's own credentials.
    """

    METHOD = "assume-role"

    def __init__(self, arn: str, sts: Callable[[], Any]) -> None:
        self._arn = arn
        self._sts = sts

    def session(self, region: str | None) -> Session:
        """Return a session that acts in this role."""
        session = get_session()
        session.set_config_variable("region", region)
        session.register_component("credential_provider", CredentialResolver([self]))
        return session

    def load(self) -> DeferredRefreshableCredentials:
        """Return credentials that are asked for when they are needed, and before they expire."""
        return DeferredRefreshableCredentials(refresh_using=self._assume, method=self.METHOD)

    def _assume(self) -> dict[str, str]:
        sts = self._sts()
        with asking(
            "sts:AssumeRole", self._arn, otherwise=ErrorCode.IAM_ROLE_MISSING, advice=_TRUST
        ):
            answer = sts.assume_role(RoleArn=self._arn, RoleSessionName=SESSION_NAME)
        assumed = answer["Credentials"]
        return {
            "access_key": assumed["AccessKeyId"],
            "secret_key": assumed["SecretAccessKey"],
            "token": assumed["SessionToken"],
            "expiry_time": assumed["Expiration"].isoformat(),
        }
