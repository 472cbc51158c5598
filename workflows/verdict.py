"""The verdict on a deployment that did not succeed: what ended it, and in which words."""

from typing import NamedTuple

from temporalio.exceptions import ActivityError, is_cancelled_exception

from codedeploy.alarm import AlarmReport
from codedeploy.deployment import DeploymentStatus, ErrorInformation, InterventionRequest
from codedeploy.errors import ErrorCode, RollwayError
from workflows.refusal import refusal_in


class Verdict(NamedTuple):
    """How a deployment ended, and why."""

    status: DeploymentStatus
    information: ErrorInformation

    @classmethod
    def of(cls, status: DeploymentStatus, code: str, message: str) -> "Verdict":
        """Return a verdict with its code and sentence."""
        return cls(status, ErrorInformation(code=code, message=message))


def verdict_on(
    error: BaseException, *, stop: InterventionRequest | None, alarm: AlarmReport | None
) -> Verdict:
    """Return the verdict on a deployment that `error` ended.

    Args:
        error: What its work ended with.
        stop: Who stopped it and why; None if nobody did.
        alarm: What stopped it, if that was an alarm.
    """
    if is_cancelled_exception(error):
        return _stopped(stop, alarm)
    assert isinstance(error, ActivityError | RollwayError)
    return Verdict.of(DeploymentStatus.FAILED, *refusal_in(error))


def _stopped(stop: InterventionRequest | None, alarm: AlarmReport | None) -> Verdict:
    if alarm is not None:
        message = f"Stopped, {alarm.sentence}"
        return Verdict.of(DeploymentStatus.STOPPED, ErrorCode.ALARM_ACTIVE, message)
    request = stop or InterventionRequest(reason="cancellation was requested")
    why = f": {request.reason}" if request.reason else ""
    who = f" by {request.by}" if request.by else ""
    return Verdict.of(DeploymentStatus.STOPPED, ErrorCode.MANUAL_STOP, f"Stopped{who}{why}")
