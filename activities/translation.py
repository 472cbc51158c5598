"""Turning errors of the world into errors of the domain, with retryability decided here."""

from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.errors import RollwayError


def final(error: RollwayError) -> ApplicationError:
    """Return `error` as one that no retry can cure."""
    return ApplicationError(error.message, type=error.code, non_retryable=True)


def not_found(error: RPCError, meaning: RollwayError) -> Exception:
    """Return `meaning` if the server says NOT_FOUND, else the error itself, to be retried."""
    return final(meaning) if error.status is RPCStatusCode.NOT_FOUND else error
