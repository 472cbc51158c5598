"""What a person may tell a running deployment, and when it makes sense."""

from enum import StrEnum

from codedeploy.deployment import DeploymentStatus
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentIsNotInReadyState,
    Refused,
    RollwayError,
)
from codedeploy.wire import Model


class Verb(StrEnum):
    """A manual intervention; each is a signal and an update of the same name."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    REJECT = "reject"
    ROLLBACK = "rollback"


class Stance(Model):
    """What decides whether an intervention makes sense now."""

    deployment_id: str
    group_name: str
    status: DeploymentStatus = DeploymentStatus.CREATED
    is_paused: bool = False
    is_stopping: bool = False
    awaits_approval: bool = False


def refusal(verb: Verb, stance: Stance) -> RollwayError | None:
    """Return why `verb` makes no sense now, or None if it does."""
    name = stance.deployment_id
    if stance.status.is_final:
        return DeploymentAlreadyCompleted(
            f"{name} has ended ({stance.status}): there is nothing to {verb}. To go back to an "
            f"earlier revision: rollway rollback {stance.group_name}"
        )
    if verb in (Verb.APPROVE, Verb.REJECT) and not stance.awaits_approval:
        return DeploymentIsNotInReadyState(
            f"{name} waits for no approval now. Look at it with: rollway status {name}"
        )
    if verb is Verb.PAUSE and stance.is_paused:
        return Refused(f"{name} is paused already. Go on with: rollway resume {name}")
    if verb is Verb.RESUME and not stance.is_paused:
        return Refused(f"{name} is not paused.")
    if verb not in (Verb.STOP, Verb.ROLLBACK) and stance.is_stopping:
        return Refused(f"{name} is being stopped: it is too late to {verb} it.")
    return None


def acknowledgement(verb: Verb, stance: Stance) -> str:
    """Return what happens now, for the person who asked."""
    if stance.is_stopping:
        then = "" if verb is Verb.STOP else " Then every touched instance is rolled back."
        return f"{stance.deployment_id} is being stopped already.{then}"
    return {
        Verb.STOP: "Stopping: nothing more is started, and running scripts are ended.",
        Verb.ROLLBACK: "Stopping, then rolling back every touched instance.",
        Verb.PAUSE: "Pausing: the batches under way finish, and no other is started.",
        Verb.RESUME: "Going on.",
        Verb.APPROVE: "Approved.",
        Verb.REJECT: "Rejected: stopping, then rolling back every touched instance.",
    }[verb]
