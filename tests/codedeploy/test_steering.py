import pytest

from codedeploy.deployment import DeploymentStatus
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentIsNotInReadyState,
    Refused,
    RollwayError,
)
from codedeploy.steering import Stance, Verb, acknowledgement, refusal

Refusal = type[RollwayError] | None


def stance(**members: bool | DeploymentStatus) -> Stance:
    known: dict[str, object] = {
        "deployment_id": "d-AAAAAAAAA",
        "group_name": "shop/prod",
        "status": DeploymentStatus.IN_PROGRESS,
    }
    return Stance.model_validate(known | members)


STANCES = {
    "running": stance(),
    "paused": stance(is_paused=True),
    "waits for approval": stance(awaits_approval=True),
    "is being stopped": stance(is_stopping=True),
    "paused, is being stopped": stance(is_paused=True, is_stopping=True),
    "waits, is being stopped": stance(awaits_approval=True, is_stopping=True),
    "is ready": stance(awaits_continue=True),
    "is ready, is being stopped": stance(awaits_continue=True, is_stopping=True),
    "has done its work": stance(is_committed=True),
    "succeeded": stance(status=DeploymentStatus.SUCCEEDED),
    "failed": stance(status=DeploymentStatus.FAILED),
    "stopped, still rolling back": stance(status=DeploymentStatus.STOPPED, is_stopping=True),
}
Over, NotReady = DeploymentAlreadyCompleted, DeploymentIsNotInReadyState
TABLE: dict[str, tuple[Refusal, ...]] = {
    # stance: stop, pause, resume, approve, reject, rollback, continue
    "running": (None, None, Refused, NotReady, NotReady, None, NotReady),
    "paused": (None, Refused, None, NotReady, NotReady, None, NotReady),
    "waits for approval": (None, None, Refused, None, None, None, NotReady),
    "is being stopped": (None, Refused, Refused, NotReady, NotReady, None, NotReady),
    "paused, is being stopped": (None, Refused, Refused, NotReady, NotReady, None, NotReady),
    "waits, is being stopped": (None, Refused, Refused, Refused, Refused, None, NotReady),
    "is ready": (None, None, Refused, NotReady, NotReady, None, None),
    "is ready, is being stopped": (None, Refused, Refused, NotReady, NotReady, None, Refused),
    "has done its work": (Over, Over, Over, Over, Over, Over, Over),
    "succeeded": (Over, Over, Over, Over, Over, Over, Over),
    "failed": (Over, Over, Over, Over, Over, Over, Over),
    "stopped, still rolling back": (Over, Over, Over, Over, Over, Over, Over),
}
CASES = [
    pytest.param(verb, STANCES[name], expected, id=f"{verb} while {name}")
    for name, row in TABLE.items()
    for verb, expected in zip(Verb, row, strict=True)
]


@pytest.mark.parametrize(("verb", "now", "expected"), CASES)
def test_whether_an_intervention_makes_sense(verb: Verb, now: Stance, expected: Refusal) -> None:
    problem = refusal(verb, now)

    assert (type(problem) if problem else None) is expected


@pytest.mark.parametrize(
    "status", [DeploymentStatus.CREATED, DeploymentStatus.QUEUED, DeploymentStatus.BAKING]
)
def test_a_deployment_that_has_not_ended_can_be_stopped(status: DeploymentStatus) -> None:
    assert refusal(Verb.STOP, stance(status=status)) is None


MESSAGES = {
    "over": (
        Verb.STOP,
        STANCES["succeeded"],
        "d-AAAAAAAAA has ended (Succeeded): there is nothing to stop. To go back to an earlier "
        "revision: rollway rollback shop/prod",
    ),
    "done": (
        Verb.STOP,
        STANCES["has done its work"],
        "d-AAAAAAAAA has done its work and is about to succeed: it is too late to stop it. To go "
        "back to an earlier revision: rollway rollback shop/prod",
    ),
    "no approval": (
        Verb.APPROVE,
        STANCES["running"],
        "d-AAAAAAAAA waits for no approval now. Look at it with: rollway status d-AAAAAAAAA",
    ),
    "paused twice": (
        Verb.PAUSE,
        STANCES["paused"],
        "d-AAAAAAAAA is paused already. Go on with: rollway resume d-AAAAAAAAA",
    ),
    "too late": (
        Verb.PAUSE,
        STANCES["is being stopped"],
        "d-AAAAAAAAA is being stopped: it is too late to pause it.",
    ),
}


@pytest.mark.parametrize(("verb", "now", "message"), MESSAGES.values(), ids=MESSAGES)
def test_a_refusal_says_what_is_and_what_can_be_done(verb: Verb, now: Stance, message: str) -> None:
    problem = refusal(verb, now)

    assert problem is not None
    assert problem.message == message


ANSWERS = {
    Verb.STOP: "Stopping: ",
    Verb.PAUSE: "Pausing: ",
    Verb.RESUME: "Going on.",
    Verb.APPROVE: "Approved.",
    Verb.REJECT: "Rejected: stopping; then every touched instance",
    Verb.ROLLBACK: "Stopping; then every touched instance",
    Verb.CONTINUE: "Continuing: ",
}


@pytest.mark.parametrize("verb", Verb)
def test_every_intervention_is_acknowledged(verb: Verb) -> None:
    assert acknowledgement(verb, stance()).startswith(ANSWERS[verb])


def test_a_second_stop_is_told_of_the_first() -> None:
    answer = acknowledgement(Verb.STOP, STANCES["is being stopped"])

    assert answer == "d-AAAAAAAAA is being stopped already."


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.ROLLBACK, Verb.REJECT])
def test_what_moves_traffic_says_that_it_puts_everything_back(verb: Verb) -> None:
    answer = acknowledgement(verb, stance(puts_back_itself=True))

    assert "everything that was changed is put back" in answer
