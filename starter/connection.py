"""Connecting to Temporal, and turning what it says into errors for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.errors import Refused, RollwayError, ServerUnreachable, from_code

DEFAULT_ADDRESS = "127.0.0.1:7233"
DEFAULT_NAMESPACE = "rollway"
PATIENCE = timedelta(seconds=15)
"""How long a question waits for an answer."""


async def connect(address: str | None, namespace: str | None) -> Client:
    """Return a client of the Temporal server that flags, environment or profile name.

    Raises:
        ServerUnreachable: Nothing answers there.
    """
    settings = ClientConfig.load_client_connect_config()
    target = address or settings.get("target_host") or DEFAULT_ADDRESS
    settings["target_host"] = target
    settings["namespace"] = namespace or settings.get("namespace") or DEFAULT_NAMESPACE
    try:
        return await Client.connect(**settings, data_converter=pydantic_data_converter)
    except (RuntimeError, RPCError, ValueError) as error:
        raise ServerUnreachable(
            f"No Temporal server answers at {target}. Start one with `rollway up`, or name "
            "another with --address or TEMPORAL_ADDRESS."
        ) from error


@contextmanager
def in_words(missing: RollwayError | None = None) -> Iterator[None]:
    """Raise what Temporal reports as the error it means.

    Args:
        missing: What it means that there is no such workflow.
    """
    try:
        yield
    except (WorkflowUpdateFailedError, WorkflowFailureError) as error:
        raise _from_cause(error.cause) from error
    except WorkflowQueryFailedError as error:
        raise Refused(f"The worker could not answer: {error}") from error
    except WorkflowQueryRejectedError as error:
        raise Refused(f"The workflow does not answer any more: {error}") from error
    except RPCError as error:
        raise _from_status(error, missing) from error


def _from_cause(cause: BaseException | None) -> RollwayError:
    while isinstance(cause, ActivityError):
        cause = cause.cause
    if isinstance(cause, ApplicationError):
        return from_code(cause.type, cause.message)
    return Refused(f"It did not work: {cause}")


def _from_status(error: RPCError, missing: RollwayError | None) -> RollwayError:
    if error.status is RPCStatusCode.NOT_FOUND and missing is not None:
        return missing
    if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
        return Refused(
            "No worker answered within 15 s. Is one running? See: rollway doctor. Start one with: "
            "rollway up"
        )
    if error.status is RPCStatusCode.UNAVAILABLE:
        return ServerUnreachable(f"The Temporal server went away: {error.message}")
    return Refused(f"The Temporal server refused: {error.message}")
