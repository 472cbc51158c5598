"""How long lifecycle actions hold an instance, told the time."""

import pytest

from tests.aws.lifecycle_actions import (
    ABANDON,
    CONTINUE,
    LAUNCHING,
    LifecycleActions,
    LifecycleHook,
)


def hook(name: str = "install", *, timeout: int = 60, default: str = ABANDON) -> LifecycleHook:
    return LifecycleHook(
        lifecycle_hook_name=name,
        auto_scaling_group_name="web",
        lifecycle_transition=LAUNCHING,
        heartbeat_timeout=timeout,
        default_result=default,
    )


def test_an_instance_waits_for_every_hook() -> None:
    actions = LifecycleActions()
    first, second = actions.begin([hook("first"), hook("second")], 0)

    actions.complete(first, CONTINUE)

    assert not actions.are_over
    actions.complete(second, CONTINUE)
    assert actions.are_over
    assert actions.abandoned is None


def test_one_that_is_abandoned_ends_the_others() -> None:
    actions = LifecycleActions()
    first, _ = actions.begin([hook("first"), hook("second")], 0)

    actions.complete(first, ABANDON)

    assert actions.are_over
    assert first.token in (actions.abandoned or "")


@pytest.mark.parametrize(
    ("default", "abandoned"), [(CONTINUE, False), (ABANDON, True)], ids=["continue", "abandon"]
)
def test_the_default_result_counts_when_nobody_answers(default: str, abandoned: bool) -> None:
    actions = LifecycleActions()
    actions.begin([hook(timeout=60, default=default)], 0)
    actions.expire(59.9)
    held = not actions.are_over

    actions.expire(60)

    assert held
    assert actions.are_over
    assert ("Heartbeat Timeout" in (actions.abandoned or "")) is abandoned


def test_a_heartbeat_begins_the_timeout_anew() -> None:
    actions = LifecycleActions()
    (action,) = actions.begin([hook(timeout=60)], 0)

    action.beat(50)

    actions.expire(109.9)
    assert not actions.are_over
    actions.expire(110)
    assert actions.are_over


@pytest.mark.parametrize(
    ("timeout", "longest"), [(60, 6_000), (7_200, 172_800)], ids=["heartbeats", "two-days"]
)
def test_no_heartbeat_helps_beyond_the_global_timeout(timeout: int, longest: int) -> None:
    actions = LifecycleActions()
    (action,) = actions.begin([hook(timeout=timeout)], 0)

    action.beat(longest - 1)

    actions.expire(longest)
    assert actions.are_over


def test_an_action_is_found_by_its_token_only_if_it_has_that() -> None:
    actions = LifecycleActions()
    (action,) = actions.begin([hook("install")], 0)

    assert actions.of("install", action.token) is action
    assert actions.of("install", "another") is None
    assert actions.of("another") is None
