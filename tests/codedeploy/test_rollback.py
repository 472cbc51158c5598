import pytest

from codedeploy.deployment import Creator, DeploymentStatus
from codedeploy.deployment_group import AutoRollbackConfiguration, AutoRollbackEvent
from codedeploy.revision import PinnedRevision
from codedeploy.rollback import (
    IMPOSSIBLE,
    NEVER_TWICE,
    NOT_ASKED_FOR,
    NOTHING_TOUCHED,
    RollbackDecision,
    bystanders,
    decide,
    wants_rollback,
)
from codedeploy.waves import waves_of
from tests.codedeploy.fleets import (
    OLD,
    UNHEALTHY,
    config,
    floor,
    hosts,
    known,
    pinned,
    plan,
    rollback_of,
)

FAILURE = AutoRollbackEvent.DEPLOYMENT_FAILURE
ON_ALARM = AutoRollbackEvent.DEPLOYMENT_STOP_ON_ALARM
ON_REQUEST = AutoRollbackEvent.DEPLOYMENT_STOP_ON_REQUEST
FAILED, STOPPED = DeploymentStatus.FAILED, DeploymentStatus.STOPPED

WANTED = {
    "a failure, configured": (FAILED, (FAILURE,), None, True),
    "a failure, not configured": (FAILED, (ON_REQUEST, ON_ALARM), None, False),
    "a stop, configured": (STOPPED, (ON_REQUEST,), None, True),
    "a stop, not configured": (STOPPED, (FAILURE, ON_ALARM), None, False),
    "a stop that asks for it": (STOPPED, (), True, True),
    "a stop that asks for none": (STOPPED, (ON_REQUEST,), False, False),
    "a success": (DeploymentStatus.SUCCEEDED, (FAILURE, ON_REQUEST, ON_ALARM), None, False),
}


@pytest.mark.parametrize(("status", "events", "asked", "expected"), WANTED.values(), ids=WANTED)
def test_whether_a_rollback_is_wanted(
    status: DeploymentStatus,
    events: tuple[AutoRollbackEvent, ...],
    asked: bool | None,
    expected: bool,
) -> None:
    configuration = AutoRollbackConfiguration(enabled=True, events=events)

    assert wants_rollback(status, configuration, asked) == expected


def test_a_configuration_that_is_not_enabled_wants_nothing() -> None:
    configuration = AutoRollbackConfiguration(enabled=False, events=(FAILURE,))

    assert not wants_rollback(FAILED, configuration, None)


V1 = pinned("v1")
TARGETS = {"a": True, "b": False}
GRANTED = RollbackDecision(revision=V1, targets=TARGETS)
DECISIONS = {
    "the touched hosts go back": ((True, Creator.USER, V1, TARGETS), GRANTED),
    "nobody asks": (
        (False, Creator.USER, V1, TARGETS),
        RollbackDecision(message=NOT_ASKED_FOR),
    ),
    "a rollback failed": (
        (True, Creator.ROLLBACK, V1, TARGETS),
        RollbackDecision(message=NEVER_TWICE),
    ),
    "nothing was touched": (
        (True, Creator.USER, V1, {}),
        RollbackDecision(message=NOTHING_TOUCHED),
    ),
    "nothing ever succeeded": (
        (True, Creator.USER, None, TARGETS),
        RollbackDecision(message=IMPOSSIBLE),
    ),
}


@pytest.mark.parametrize(("asked", "expected"), DECISIONS.values(), ids=DECISIONS)
def test_what_compensation_is_due(
    asked: tuple[bool, Creator, PinnedRevision | None, dict[str, bool]], expected: RollbackDecision
) -> None:
    is_wanted, creator, previous, targets = asked

    decision = decide(is_wanted=is_wanted, creator=creator, previous=previous, targets=targets)

    assert decision == expected


REMEMBERED = known({"h00000": OLD, "h00001": OLD, "h00002": OLD, "h00003": UNHEALTHY})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param([], 3, id="what was out of service is none"),
        pytest.param(["h00000", "h00001"], 1, id="what was touched is none"),
    ],
)
def test_bystanders_are_in_service_and_left_alone(changed: list[str], expected: int) -> None:
    forward = plan(hosts(4), config(floor("HOST_COUNT", 0)), REMEMBERED)

    assert bystanders(forward, REMEMBERED, touched=changed) == expected


def test_those_that_a_deployment_leaves_alone_are_left_alone_by_its_rollback() -> None:
    members = hosts(4)
    alone = ("h00002", "h00003")
    chosen = config(floor("HOST_COUNT", 2))
    waves = waves_of(members, REMEMBERED, chosen, left_alone=alone)
    forward = plan(members, chosen, REMEMBERED).model_copy(update={"waves": waves, "bystanders": 2})

    left = bystanders(forward, REMEMBERED, touched=["h00000", "h00001"])

    assert forward.missing == 0
    assert rollback_of(forward, {"h00000": True, "h00001": False}, bystanders=left).missing == 0
