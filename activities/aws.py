"""AWS as the control plane asks it: clients that act in roles, and refusals in words.

Region, endpoints and the worker's own credentials are those of the process, found as the AWS SDK
finds them: `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` name another place.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from temporalio.exceptions import ApplicationError

from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

SECONDS_TO_CONNECT = 5
SECONDS_TO_ANSWER = 10

_CONNECTIONS = 50


class Aws:
    """The clients of one process: one a service, role and patience, safe to use on any thread.

    They try once: how often is decided by the retry policy of the activity that asks.

    Args:
        session: Where region, endpoints and credentials come from; by default the process.
    """

    def __init__(self, session: "Session | None" = None) -> None:
        self._lock = RLock()
        self._given = session
        self._sessions: dict[str | None, Session] = {}
        self._clients: dict[tuple[str, str | None, int], Any] = {}

    def client(
        self, service: str, role_arn: str | None, *, read_seconds: int = SECONDS_TO_ANSWER
    ) -> Any:
        """Return the boto3 client of a service.

        Args:
            service: As boto3 names it.
            role_arn: The role to act in, assumed at the first call and again before its
                credentials expire; None acts with the worker's own credentials.
            read_seconds: How long the service may stay silent.

        Raises:
            ApplicationError: No client can be made, for want of a region for instance; final.
        """
        key = (service, role_arn, read_seconds)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(*key)
            return self._clients[key]

    @property
    def region(self) -> str | None:
        """Where AWS is asked; None if neither environment nor profile names a region.

        Raises:
            ApplicationError: The profile does not exist, or its file is broken; final.
        """
        from botocore.exceptions import BotoCoreError

        with self._lock:
            try:
                region: str | None = self._session(None).get_config_variable("region")
            except BotoCoreError as error:
                raise _unusable("its region", error) from error
        return region

    def close(self) -> None:
        """Close the connections of all clients; the next call makes new ones."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _made(self, service: str, role_arn: str | None, read_seconds: int) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            return self._session(role_arn).create_client(service, config=_config(read_seconds))
        except (BotoCoreError, ValueError) as error:
            raise _unusable(service, error) from error

    def _session(self, role_arn: str | None) -> "Session":
        if role_arn not in self._sessions:
            self._sessions[role_arn] = self._own() if role_arn is None else self._acting(role_arn)
        return self._sessions[role_arn]

    def _own(self) -> "Session":
        from botocore.session import get_session

        if self._given:
            return self._given
        session = get_session()
        session.set_config_variable("metadata_service_num_attempts", 3)
        # The SDK for Python itself knows AWS_DEFAULT_REGION only.
        session.set_config_variable("region", os.environ.get("AWS_REGION") or None)
        return session

    def _acting(self, role_arn: str) -> "Session":
        from activities.aws_role import Role

        region = self._session(None).get_config_variable("region")
        return Role(role_arn, lambda: self.client("sts", None)).session(region)


@contextmanager
def asking(
    action: str, resource: str, *, otherwise: ErrorCode, advice: str = "Correct what AWS names."
) -> Iterator[None]:
    """Turn what AWS refuses in the block into errors of the domain.

    Args:
        action: As IAM spells it: `lambda:UpdateAlias`.
        resource: As the user knows it.
        otherwise: The code of a refusal that is neither about rights nor about limits: something
            does not exist, or is not valid.
        advice: What to do then, as a sentence.

    Raises:
        ApplicationError: Final, with the `ErrorCode` as its type; or to be retried, if AWS is
            busy, broken, or was not reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from activities.aws_errors import Call, answered, broken

    call = Call(action, resource, otherwise, advice)
    # An error's cause is recorded beside it, and AWS repeats a token where a signature is wrong.
    try:
        yield
    except ClientError as error:
        raise answered(error, call) from None
    except BotoCoreError as error:
        raise broken(error, call) from None


def _unusable(what: str, error: Exception) -> ApplicationError:
    return final(
        DeploymentFailure(
            ErrorCode.INTERNAL_ERROR,
            f"The worker cannot ask AWS for anything ({what}): {error} Correct its "
            "environment: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL.",
        )
    )


def _config(read_seconds: int) -> "Config":
    from botocore.config import Config

    return Config(
        connect_timeout=SECONDS_TO_CONNECT,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
    )
