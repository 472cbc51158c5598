from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.lifecycle_hooks import LifecycleHooks
from tests.activities.hooked_groups import (
    ANOTHER_ID,
    GROUP_ID,
    MOST_HOOKS,
    ROLE,
    HookedGroup,
    build_group,
    order_for,
)
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.endpoint import REGION
from tests.aws.faults import Faults
from tests.aws.inbox import Inbox
from tests.aws.lifecycle_actions import ABANDON, CONTINUE, LAUNCHING, TERMINATING

ORDER = order_for()
BOTH = order_for(has_termination_hook=True)


@pytest.fixture
def group(aws: Emulator) -> HookedGroup:
    return build_group(aws)


@pytest.fixture
def hooks(clients: Aws) -> LifecycleHooks:
    return LifecycleHooks(clients)


# --- putting


def test_a_missing_hook_is_put(group: HookedGroup, hooks: LifecycleHooks) -> None:
    (sentence,) = hooks.repair(ORDER)

    assert sentence.startswith(f"The lifecycle hook {ORDER.launch_hook} of the Auto Scaling group")
    assert sentence.endswith("It has been put.")
    shown = group.hooks()[ORDER.launch_hook]
    assert (shown["LifecycleTransition"], shown["DefaultResult"]) == (LAUNCHING, ABANDON)
    assert shown["HeartbeatTimeout"] == 900
    assert GROUP_ID in shown["NotificationMetadata"]


def test_terminations_are_hooked_if_that_is_wanted(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(BOTH)

    shown = group.hooks()[BOTH.termination_hook]
    assert (shown["LifecycleTransition"], shown["DefaultResult"]) == (TERMINATING, CONTINUE)


def test_terminations_are_hooked_no_more_once_that_is_not_wanted(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(BOTH)

    (sentence,) = hooks.repair(ORDER)

    assert "terminationHookEnabled is off. It has been deleted." in sentence
    assert list(group.hooks()) == [ORDER.launch_hook]


def test_a_queue_is_told_in_its_role(
    aws: Emulator, group: HookedGroup, hooks: LifecycleHooks
) -> None:
    inbox = Inbox(aws)

    hooks.repair(order_for(queue_arn=inbox.arn, queue_role_arn=ROLE))

    shown = group.hooks()[ORDER.launch_hook]
    assert (shown["NotificationTargetARN"], shown["RoleARN"]) == (inbox.arn, ROLE)


def test_a_queue_that_is_used_no_more_is_told_no_more(
    aws: Emulator, group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(order_for(queue_arn=Inbox(aws).arn, queue_role_arn=ROLE))

    hooks.repair(ORDER)

    assert "NotificationTargetARN" not in group.hooks()[ORDER.launch_hook]
    assert hooks.check(ORDER) == ()


@pytest.mark.usefixtures("group")
def test_hooks_in_order_are_not_put_again(hooks: LifecycleHooks, failing: Faults) -> None:
    hooks.repair(BOTH)
    put = failing.server_error("autoscaling", "PutLifecycleHook")

    assert hooks.repair(BOTH) == ()
    assert failing.fired(put) == 0


# --- drift


DRIFTS: dict[str, tuple[dict[str, Any], str]] = {
    "timeout": ({"HeartbeatTimeout": 3600}, "HeartbeatTimeout 3600 instead of 900"),
    "result": ({"DefaultResult": CONTINUE}, "DefaultResult CONTINUE instead of ABANDON"),
    "transition": (
        {"LifecycleTransition": TERMINATING},
        f"LifecycleTransition {TERMINATING} instead of {LAUNCHING}",
    ),
    "metadata": ({"NotificationMetadata": "shop"}, "NotificationMetadata shop instead of {"),
}


@pytest.mark.parametrize(("members", "told"), DRIFTS.values(), ids=DRIFTS)
def test_a_hook_that_was_changed_is_told_and_put_right(
    group: HookedGroup, hooks: LifecycleHooks, members: dict[str, Any], told: str
) -> None:
    hooks.repair(ORDER)
    group.client.put_lifecycle_hook(
        AutoScalingGroupName="web", LifecycleHookName=ORDER.launch_hook, **members
    )

    (problem,) = hooks.check(ORDER)
    (repaired,) = hooks.repair(ORDER)

    assert f"is not as it should be: {told}" in problem
    assert f"was not as it should be: {told}" in repaired
    assert hooks.check(ORDER) == ()


def test_a_target_that_was_changed_is_told_and_put_right(
    aws: Emulator, group: HookedGroup, hooks: LifecycleHooks
) -> None:
    ours, other = Inbox(aws), Inbox(aws, "other")
    asked = order_for(queue_arn=ours.arn, queue_role_arn=ROLE)
    hooks.repair(asked)
    group.put(asked.launch_hook, NotificationTargetARN=other.arn, RoleARN=f"{ROLE}-2")

    (problem,) = hooks.check(asked)
    hooks.repair(asked)

    assert f"NotificationTargetARN {other.arn} instead of {ours.arn}" in problem
    assert f"RoleARN {ROLE}-2 instead of {ROLE}" in problem
    assert hooks.check(asked) == ()


def test_missing_hooks_are_told_with_what_they_are_missed_for(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    launch, termination = hooks.check(BOTH)

    assert "is missing: instances that the group launches enter service without" in launch
    assert "is missing: instances that the group terminates go without" in termination
    assert group.hooks() == {}


def test_a_hook_with_another_id_is_told_and_left_alone(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(ORDER)
    left_over = ORDER.launch_hook.replace(GROUP_ID, ANOTHER_ID)
    group.put(left_over)

    told = hooks.repair(ORDER)

    assert told == hooks.check(ORDER)
    assert f"--lifecycle-hook-name {left_over}" in told[0]
    assert left_over in group.hooks()


# --- what cannot be


def test_a_group_that_is_gone_is_told(group: HookedGroup, hooks: LifecycleHooks) -> None:
    hooks.repair(ORDER)

    (problem,) = hooks.check(order_for("web", "nowhere"))

    assert problem.startswith("There is no Auto Scaling group nowhere")


def test_nothing_is_put_if_one_of_the_groups_is_gone(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    with pytest.raises(ApplicationError, match="no Auto Scaling group nowhere") as error:
        hooks.repair(order_for("web", "nowhere"))

    assert (error.value.type, error.value.non_retryable) == (
        "InvalidAutoScalingGroupException",
        True,
    )
    assert group.hooks() == {}


def test_a_group_that_is_full_is_named_and_no_hook_is_added_anywhere(
    aws: Emulator, group: HookedGroup, hooks: LifecycleHooks
) -> None:
    full = build_group(aws, "full")
    full.fill()

    with pytest.raises(ApplicationError, match="Auto Scaling group full has as many") as error:
        hooks.repair(order_for("web", "full"))

    assert error.value.type == "LifecycleHookLimitExceededException"
    assert error.value.non_retryable
    assert (len(full.hooks()), group.hooks()) == (MOST_HOOKS, {})


def test_a_group_that_is_full_has_no_room(group: HookedGroup, hooks: LifecycleHooks) -> None:
    group.fill()

    with pytest.raises(ApplicationError, match="Auto Scaling group web has as many") as error:
        hooks.check_room(order_for("web"))

    assert error.value.type == "LifecycleHookLimitExceededException"
    assert error.value.non_retryable


def test_a_group_has_room_for_the_hook_that_it_has(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(order_for("web"))
    group.fill()

    hooks.check_room(order_for("web"))

    assert len(group.hooks()) == MOST_HOOKS


def test_a_group_that_is_gone_has_no_room(hooks: LifecycleHooks) -> None:
    with pytest.raises(ApplicationError, match="no Auto Scaling group nowhere"):
        hooks.check_room(order_for("nowhere"))


@pytest.mark.usefixtures("group")
def test_a_queue_that_cannot_be_told_is_named(hooks: LifecycleHooks) -> None:
    nowhere = "arn:aws:sqs:us-east-1:123456789012:nowhere"

    with pytest.raises(ApplicationError, match="Unable to publish test message") as error:
        hooks.repair(order_for(queue_arn=nowhere, queue_role_arn=ROLE))

    assert (error.value.type, error.value.non_retryable) == ("AUTO_SCALING_CONFIGURATION", True)
    assert nowhere in error.value.message


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("operation", ["DescribeLifecycleHooks", "PutLifecycleHook"])
def test_a_throttled_repair_is_tried_again(
    hooks: LifecycleHooks, failing: Faults, operation: str
) -> None:
    failing.throttle("autoscaling", operation)

    with pytest.raises(ApplicationError) as error:
        hooks.repair(ORDER)

    assert (error.value.type, error.value.non_retryable) == ("THROTTLED", False)
    hooks.repair(ORDER)
    assert hooks.check(ORDER) == ()


# --- each group for itself


def test_a_group_that_is_gone_is_told_and_the_others_have_their_hooks(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    (told,) = hooks.keep(order_for("nowhere", "web"))

    assert told.startswith("There is no Auto Scaling group nowhere")
    assert ORDER.launch_hook in group.hooks()


@pytest.mark.usefixtures("group")
def test_hooks_that_could_be_kept_are_nothing_to_tell(hooks: LifecycleHooks) -> None:
    assert hooks.keep(ORDER) == ()


@pytest.mark.usefixtures("group")
def test_hooks_that_cannot_be_kept_now_are_tried_again(
    hooks: LifecycleHooks, failing: Faults
) -> None:
    failing.throttle("autoscaling", "PutLifecycleHook")

    with pytest.raises(ApplicationError, match="THROTTLED") as error:
        hooks.keep(ORDER)

    assert not error.value.non_retryable


# --- removing


def test_only_our_hooks_are_removed(group: HookedGroup, hooks: LifecycleHooks) -> None:
    hooks.repair(BOTH)
    group.put("install")

    for _ in range(2):
        hooks.remove(ORDER)

    assert list(group.hooks()) == ["install"]


def test_hooks_of_a_group_that_is_gone_are_as_good_as_removed(
    group: HookedGroup, hooks: LifecycleHooks
) -> None:
    hooks.repair(ORDER)

    hooks.remove(order_for("nowhere", "web"))

    assert group.hooks() == {}


# --- rights


RIGHTS = ("DescribeLifecycleHooks", "PutLifecycleHook", "DeleteLifecycleHook")


@pytest.fixture
def allowed(
    aws: Emulator, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LifecycleHooks]:
    """Hooks kept by a worker that has all the rights but one."""
    rights = [f"autoscaling:{one}" for one in RIGHTS if one != request.param]
    for name, value in assume(aws, "worker", allowing("sns:Publish", *rights)).environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_REGION", REGION)
    worker = Aws()
    with authorization(aws):
        yield LifecycleHooks(worker)
    worker.close()


def put_and_remove(hooks: LifecycleHooks) -> None:
    hooks.repair(ORDER)
    hooks.remove(ORDER)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("allowed", [None], indirect=True, ids=["all"])
def test_these_rights_are_enough(allowed: LifecycleHooks) -> None:
    put_and_remove(allowed)

    (problem,) = allowed.check(ORDER)
    assert "is missing" in problem


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    ("allowed", "right"), [(one, one) for one in RIGHTS], indirect=["allowed"], ids=RIGHTS
)
def test_a_right_that_is_missing_is_named(allowed: LifecycleHooks, right: str) -> None:
    with pytest.raises(ApplicationError, match=f"Allow autoscaling:{right} ") as error:
        put_and_remove(allowed)

    assert (error.value.type, error.value.non_retryable) == ("IAM_ROLE_PERMISSIONS", True)
