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
    CONTINUE = "continue"


class Stance(Model):
    """What decides whether an intervention makes sense now.

    Attributes:
        goes_by_batches: It deploys to hosts, and not by shifts of traffic.
        puts_back_itself: A stop puts back what was changed: there are no instances to roll back.
        is_committed: All is done but for what follows from its success.
    """

    deployment_id: str
    group_name: str
    status: DeploymentStatus = DeploymentStatus.CREATED
    is_paused: bool = False
    is_stopping: bool = False
    is_committed: bool = False
    awaits_approval: bool = False
    awaits_continue: bool = False
    puts_back_itself: bool = False
    goes_by_batches: bool = True


def refusal(verb: Verb, stance: Stance) -> RollwayError | None:
    """Return why `verb` makes no sense now, or None if it does."""
    name = stance.deployment_id
    if stance.status.is_final:
        return DeploymentAlreadyCompleted(
            f"{name} has ended ({stance.status}): there is nothing to {verb}. To go back to an "
            f"earlier revision: rollway rollback {stance.group_name}"
        )
    if stance.is_committed:
        return DeploymentAlreadyCompleted(
            f"{name} has done its work and is about to succeed: it is too late to {verb} it. To go "
            f"back to an earlier revision: rollway rollback {stance.group_name}"
        )
    if verb in (Verb.APPROVE, Verb.REJECT) and not stance.awaits_approval:
        return DeploymentIsNotInReadyState(
            f"{name} waits for no approval now. Look at it with: rollway status {name}"
        )
    if verb is Verb.CONTINUE and not stance.awaits_continue:
        return DeploymentIsNotInReadyState(
            f"{name} does not wait to be continued now. Look at it with: rollway status {name}"
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
    back = _puts_back(stance)
    if stance.is_stopping:
        then = "" if verb is Verb.STOP else f" Then {back}."
        return f"{stance.deployment_id} is being stopped already.{then}"
    return {
        Verb.STOP: _stops(stance),
        Verb.ROLLBACK: f"Stopping; then {back}.",
        Verb.PAUSE: f"Pausing: {_under_way(stance)}, and no other is started.",
        Verb.RESUME: "Going on.",
        Verb.APPROVE: "Approved.",
        Verb.CONTINUE: "Continuing: traffic is rerouted now.",
        Verb.REJECT: f"Rejected: stopping; then {back}.",
    }[verb]


def _puts_back(stance: Stance) -> str:
    if stance.puts_back_itself:
        return "everything that was changed is put back"
    return "every touched instance is rolled back"


def _stops(stance: Stance) -> str:
    if stance.puts_back_itself:
        return "Stopping: everything that was changed is put back."
    return "Stopping: nothing more is started, and running scripts are ended."


def _under_way(stance: Stance) -> str:
    if stance.goes_by_batches:
        return "the batches under way finish"
    return "the shift under way finishes"
