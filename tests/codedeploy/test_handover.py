from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.auto_scaling import ScalingGroup, ScalingInstance
from codedeploy.blue_green import TerminationAction
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import (
    DeploymentFailure,
    ErrorCode,
    InvalidBlueGreenDeploymentConfiguration,
    RollwayError,
)
from codedeploy.handover import Handover, handover_to_copy, handover_to_existing
from codedeploy.target_instances import TargetInstances

REPLACEMENT = TargetInstances(auto_scaling_groups=("green",))
BLUE, GREEN = ("i-000000b1", "i-000000b2"), ("i-000000a1", "i-000000a2")
KEEP_ALIVE = {"terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}}


def group(rules: dict[str, Any] | None = None) -> DeploymentGroup:
    return DeploymentGroup.model_validate(
        {
            "applicationName": "shop",
            "deploymentGroupName": "prod",
            "autoScalingGroups": ["web"],
            "blueGreenDeploymentConfiguration": rules,
        }
    )


def between(
    blue: tuple[str, ...], green: tuple[str, ...], rules: dict[str, Any] | None = None
) -> Handover:
    return handover_to_existing(group(rules), REPLACEMENT, blue=blue, green=green)


def refusal(
    blue: tuple[str, ...], green: tuple[str, ...], rules: dict[str, Any] | None = None
) -> RollwayError:
    with pytest.raises(RollwayError) as refused:
        between(blue, green, rules)
    return refused.value


# --- to a fleet that exists


def test_a_handover_names_both_fleets() -> None:
    handover = between(BLUE, GREEN)

    assert (handover.blue, handover.green, handover.size) == (BLUE, GREEN, 2)
    assert (handover.replacement, handover.copied) == (REPLACEMENT, "")


@pytest.mark.parametrize(
    ("blue", "green", "which"),
    [
        ((), GREEN, "the group itself means no instance"),
        (BLUE, (), "targetInstances means no instance"),
        ((), (), "the group itself means no instance"),
    ],
    ids=["no original", "no replacement", "neither"],
)
def test_both_fleets_have_instances(
    blue: tuple[str, ...], green: tuple[str, ...], which: str
) -> None:
    error = refusal(blue, green)

    assert isinstance(error, DeploymentFailure)
    assert error.error_code is ErrorCode.NO_INSTANCES
    assert which in error.message


def test_nobody_is_original_and_replacement() -> None:
    error = refusal(("i-1", "i-2", "i-3"), ("i-2", "i-3", "i-4"))

    assert isinstance(error, InvalidBlueGreenDeploymentConfiguration)
    assert error.message.startswith("shop/prod: i-2, i-3 would be original and replacement")


@pytest.mark.parametrize("green", [("i-g1",), ("i-g1", "i-g2", "i-g3")], ids=["smaller", "larger"])
def test_a_replacement_of_another_size_is_refused_with_both_sizes(green: tuple[str, ...]) -> None:
    error = refusal(BLUE, green)

    assert isinstance(error, DeploymentFailure)
    assert error.error_code is ErrorCode.NO_INSTANCES
    assert f"expected 2 instances, found {len(green)}" in error.message


def test_what_is_not_on_ec2_cannot_be_terminated() -> None:
    error = refusal(("i-robot", BLUE[0], "rack-2"), (*GREEN, "rack-3"))

    assert isinstance(error, InvalidBlueGreenDeploymentConfiguration)
    assert error.message.startswith("i-robot, rack-2: nothing can terminate")
    assert "Choose KEEP_ALIVE" in error.message


def test_what_is_not_on_ec2_can_be_kept() -> None:
    assert between(("rack-1",), ("rack-2",), KEEP_ALIVE).blue == ("rack-1",)


def test_a_replacement_that_is_not_on_ec2_is_not_terminated_and_needs_no_rule() -> None:
    assert between(BLUE[:1], ("rack-2",)).terminates


NAMES = st.lists(st.sampled_from([f"i-{n:08}" for n in range(8)]), unique=True).map(tuple)


@given(NAMES, NAMES)
def test_a_handover_is_between_fleets_of_one_size_that_share_nobody(
    blue: tuple[str, ...], green: tuple[str, ...]
) -> None:
    is_possible = 0 < len(blue) == len(green) and not {*blue} & {*green}

    if is_possible:
        assert between(blue, green).size == len(green)
    else:
        assert refusal(blue, green).message.startswith("shop/prod: ")


# --- to a copy


def scaling_group(*states: str, sick: int = 0) -> ScalingGroup:
    """A group whose instances are in these states; so many of the last are not healthy."""
    first_sick = len(states) - sick
    return ScalingGroup(
        name="web",
        instances=tuple(
            ScalingInstance(name=f"i-{n}", state=state, is_healthy=n < first_sick)
            for n, state in enumerate(states)
        ),
    )


def test_a_copy_has_as_many_instances_as_are_in_service() -> None:
    handover = handover_to_copy(group(), scaling_group("InService", "Pending:Wait", "InService"))

    assert (handover.copied, handover.size) == ("web", 2)
    assert (handover.blue, handover.green) == (("i-0", "i-2"), ())


def test_an_instance_that_is_not_healthy_is_not_in_service() -> None:
    handover = handover_to_copy(group(), scaling_group("InService", "InService", sick=1))

    assert handover.blue == ("i-0",)


@pytest.mark.parametrize(
    ("source", "total"),
    [
        (scaling_group(), 0),
        (scaling_group("Pending:Wait", "Terminating"), 2),
        (scaling_group("InService", sick=1), 1),
    ],
    ids=["empty", "none in service", "none healthy"],
)
def test_a_group_with_nobody_in_service_is_not_copied(source: ScalingGroup, total: int) -> None:
    with pytest.raises(DeploymentFailure, match=rf"web is in service \(of {total}\)") as failure:
        handover_to_copy(group(), source)

    assert failure.value.error_code is ErrorCode.NO_INSTANCES


# --- waits and the end of the original


STOPS = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 90}
GOES_ON = {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 90}


@pytest.mark.parametrize(
    ("rules", "minutes"),
    [
        (None, 0),
        ({}, 0),
        ({"deploymentReadyOption": STOPS}, 90),
        ({"deploymentReadyOption": GOES_ON}, 0),
    ],
    ids=["no rules", "empty rules", "waits", "goes on at once"],
)
def test_how_long_somebody_may_take_to_continue(rules: dict[str, Any] | None, minutes: int) -> None:
    copied = handover_to_copy(group(rules), scaling_group("InService"))

    assert copied.ready_wait_minutes == minutes
    assert between(BLUE, GREEN, rules).ready_wait_minutes == minutes


def test_the_original_is_terminated_at_once_unless_somebody_says_otherwise() -> None:
    handover = between(BLUE, GREEN)

    assert (handover.action, handover.termination_wait_minutes) == (TerminationAction.TERMINATE, 0)


def test_the_original_is_kept_as_long_as_the_rules_say() -> None:
    option = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}

    handover = between(BLUE, GREEN, {"terminateBlueInstancesOnDeploymentSuccess": option})

    assert (handover.terminates, handover.termination_wait_minutes) == (True, 60)


def test_an_original_that_is_kept_alive_is_not_ended() -> None:
    assert not between(BLUE, GREEN, KEEP_ALIVE).terminates


def test_a_handover_survives_the_wire() -> None:
    handover = between(BLUE, GREEN, KEEP_ALIVE)

    assert Handover.model_validate_json(handover.model_dump_json()) == handover
