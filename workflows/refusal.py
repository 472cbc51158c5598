"""Why a step of a workflow could not be taken, in one form whatever it failed with."""

from collections.abc import Awaitable
from typing import NamedTuple

from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from codedeploy.errors import ErrorCode, RollwayError, error_code_of


class Refusal(NamedTuple):
    """Why a step could not be taken.

    Attributes:
        code: What CodeDeploy calls it: an `ErrorCode`, or the name of one of its exceptions.
        message: A sentence.
    """

    code: str
    message: str


async def refusal_of(step: Awaitable[object]) -> Refusal | None:
    """Take a step, and return why it was refused; None if it was taken.

    Raises:
        ActivityError: It was cancelled.
    """
    try:
        await step
    except (ActivityError, RollwayError) as error:
        if is_cancelled_exception(error):
            raise
        return refusal_in(error)
    return None


def refusal_in(error: ActivityError | RollwayError) -> Refusal:
    """Return what an error says of the step that it ended."""
    if isinstance(error, RollwayError):
        return Refusal(error_code_of(error.code), error.message)
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return _refusal_by(cause)
    last = cause.__cause__ if cause is not None else None
    if isinstance(last, ApplicationError):
        refusal = _refusal_by(last)
        return refusal._replace(message=f"Given up: {refusal.message}")
    silence = f"{error.activity_type} did not answer: {cause}"
    return Refusal(
        ErrorCode.INTERNAL_ERROR, f"{silence}. Find out whether a worker runs: rollway doctor"
    )


def _refusal_by(error: ApplicationError) -> Refusal:
    return Refusal(error_code_of(error.type or ErrorCode.INTERNAL_ERROR), error.message)
