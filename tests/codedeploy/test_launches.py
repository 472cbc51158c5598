"""Instances that hooks hold, and when the group stops giving them up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codedeploy.auto_scaling import (
    HeldInstance,
    LifecycleActionResult,
    OwedAnswer,
    Transition,
)
from codedeploy.launches import (
    LaunchBook,
    Step,
    failed,
    only_of,
    owing,
    step_for,
    succeeded,
    unanswered,
    with_held,
    without,
)

LIMIT = 3


def held(name: str, transition: Transition = Transition.LAUNCHING) -> HeldInstance:
    return HeldInstance(auto_scaling_group="web", name=name, transition=transition)


ONE, TWO = held("i-1"), held("i-2")
LEAVING = held("i-1", Transition.TERMINATING)
EMPTY = LaunchBook()


def step(
    book: LaunchBook, instance: HeldInstance = ONE, *, is_current: bool | None = False
) -> Step:
    return step_for(book, instance, is_current=is_current, failure_limit=LIMIT)


def owed(result: LifecycleActionResult, *, why: str = "refused") -> OwedAnswer:
    return OwedAnswer(result=result, why=why)


# --- what is done about an instance


def test_an_instance_that_arrives_is_deployed_to() -> None:
    assert step(EMPTY) is Step.DEPLOY


def test_without_a_good_revision_an_instance_is_let_in() -> None:
    assert step(EMPTY, is_current=None) is Step.LET_GO


def test_without_a_good_revision_even_failures_keep_nobody() -> None:
    assert step(LaunchBook(failures=LIMIT), is_current=None) is Step.LET_GO


def test_one_failure_below_the_limit_tries_again() -> None:
    assert step(LaunchBook(failures=LIMIT - 1)) is Step.DEPLOY


def test_at_the_limit_instances_are_kept_instead_of_given_up() -> None:
    assert step(LaunchBook(failures=LIMIT)) is Step.KEEP


def test_failed_launches_keep_nobody_from_leaving() -> None:
    assert step(LaunchBook(failures=LIMIT), LEAVING) is Step.DEPLOY


def test_an_instance_that_came_back_from_elsewhere_is_deployed_to_whatever_it_runs() -> None:
    assert step(EMPTY, is_current=True) is Step.DEPLOY


def test_a_kept_instance_that_was_deployed_to_meanwhile_is_let_in() -> None:
    kept = with_held(LaunchBook(failures=LIMIT), ONE, None)

    assert step(kept, is_current=True) is Step.LET_GO


# --- what is done about an instance whose hook could not be told

CONTINUE, ABANDON = LifecycleActionResult.CONTINUE, LifecycleActionResult.ABANDON


def test_its_hook_is_told_again_without_another_deployment() -> None:
    book = owing(LaunchBook(failures=LIMIT), ONE, owed(CONTINUE))

    assert step(book, is_current=True) is Step.LET_GO


def test_it_is_deployed_to_again_if_the_group_has_another_revision_by_then() -> None:
    assert step(owing(EMPTY, ONE, owed(CONTINUE))) is Step.DEPLOY


def test_it_is_kept_if_the_group_has_another_revision_that_fails() -> None:
    assert step(owing(LaunchBook(failures=LIMIT), ONE, owed(CONTINUE))) is Step.KEEP


def test_who_was_given_up_stays_given_up() -> None:
    assert step(owing(EMPTY, ONE, owed(ABANDON)), is_current=True) is Step.ABANDON


def test_who_is_leaving_may_leave_and_is_not_stopped_again() -> None:
    assert step(owing(EMPTY, LEAVING, owed(CONTINUE)), LEAVING) is Step.LET_GO


@pytest.mark.parametrize(
    ("book", "is_due"),
    [
        (EMPTY, True),
        (with_held(EMPTY, ONE, "d-1"), False),
        (with_held(EMPTY, ONE, None), False),
        (owing(EMPTY, ONE, owed(CONTINUE, why="")), False),
        (owing(EMPTY, ONE, owed(CONTINUE)), True),
    ],
    ids=["unknown", "deployed to", "kept", "being told", "not told"],
)
def test_an_instance_is_due_unless_something_is_under_way(book: LaunchBook, is_due: bool) -> None:
    assert book.is_due(ONE) is is_due


# --- what is remembered


def test_an_instance_that_is_held_is_known_with_its_deployment() -> None:
    book = with_held(EMPTY, ONE, "d-1")

    assert book.known == (ONE,)
    found = book.by_deployment("d-1")
    assert found is not None
    assert found.instance == ONE


def test_a_deployment_to_nobody_who_is_held_is_unknown() -> None:
    assert with_held(EMPTY, ONE, "d-1").by_deployment("d-2") is None


def test_an_instance_without_a_deployment_is_kept() -> None:
    book = with_held(with_held(EMPTY, ONE, "d-1"), TWO, None)

    assert (book.known, book.kept) == ((ONE, TWO), (TWO,))


def test_an_instance_is_held_once_with_the_deployment_it_has_now() -> None:
    book = with_held(with_held(EMPTY, ONE, None), ONE, "d-1")

    assert (book.known, book.kept) == ((ONE,), ())


def test_who_is_held_no_more_is_forgotten() -> None:
    book = without(with_held(with_held(EMPTY, ONE, "d-1"), TWO, "d-2"), ONE)

    assert book.known == (TWO,)


def test_forgetting_a_stranger_changes_nothing() -> None:
    book = with_held(EMPTY, ONE, "d-1")

    assert without(book, TWO) == book


def test_coming_and_going_of_one_instance_are_two_things() -> None:
    book = with_held(with_held(EMPTY, ONE, "d-1"), LEAVING, "d-2")

    assert without(book, ONE).known == (LEAVING,)


# --- lessons


def test_a_launch_that_failed_is_counted_and_named() -> None:
    book = failed(with_held(EMPTY, ONE, "d-1"), ONE, "d-1")

    assert (book.failures, book.last_failed, book.known) == (1, "d-1", ())


def test_a_launch_that_ended_well_forgives_the_ones_before() -> None:
    before = with_held(LaunchBook(failures=2, last_failed="d-1"), ONE, "d-2")

    book = succeeded(before, ONE, may_be_outdated=False)

    assert book == EMPTY


def test_a_launch_during_a_deployment_may_be_outdated() -> None:
    book = succeeded(LaunchBook(outdated=("i-0",)), ONE, may_be_outdated=True)

    assert book.outdated == ("i-0", "i-1")


def test_a_launch_that_failed_is_not_outdated() -> None:
    assert failed(LaunchBook(outdated=("i-0",)), ONE, "d-1").outdated == ("i-0",)


def test_a_launch_whose_hook_was_not_told_counts_as_failed_and_is_not_forgotten() -> None:
    book = unanswered(with_held(EMPTY, ONE, "d-1"), ONE, owed(CONTINUE), "d-1")

    assert (book.failures, book.last_failed, book.unanswered) == (1, "d-1", (ONE,))
    assert (book.kept, book.by_deployment("d-1")) == ((), None)


def test_a_leaving_instance_whose_hook_was_not_told_counts_not() -> None:
    book = unanswered(with_held(EMPTY, LEAVING, "d-1"), LEAVING, owed(CONTINUE), "d-1")

    assert (book.failures, book.unanswered) == (0, (LEAVING,))


def test_who_waits_for_an_answer_is_told_with_the_reason() -> None:
    book = owing(owing(EMPTY, ONE, owed(CONTINUE, why="AWS is silent.")), TWO, owed(ABANDON))

    assert "lifecycle hooks: i-1, i-2." in book.complaint
    assert book.complaint.endswith("AWS is silent.")


def test_nobody_who_waits_for_an_answer_is_nothing_to_complain_of() -> None:
    assert owing(EMPTY, ONE, owed(CONTINUE, why="")).complaint == ""


def test_instances_of_auto_scaling_groups_that_are_the_groups_no_more_are_forgotten() -> None:
    book = with_held(owing(with_held(EMPTY, ONE, None), TWO, owed(CONTINUE)), LEAVING, "d-1")

    assert only_of(book, ["web"]) == book
    assert only_of(book, ["api"]).known == (LEAVING,)


# --- the circuit breaker


class Group:
    """A group whose deployments to instances end in any order, and never well."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.book = EMPTY
        self.started = 0

    @property
    def under_way(self) -> list[str]:
        return [one.deployment_id for one in self.book.held if one.deployment_id]

    def arrive(self, instance: HeldInstance) -> None:
        if instance in self.book.known:
            return
        step = step_for(self.book, instance, is_current=False, failure_limit=self.limit)
        deployment = None
        if step is Step.DEPLOY:
            self.started += 1
            deployment = f"d-{self.started}"
        self.book = with_held(self.book, instance, deployment)

    def fail(self, deployment: str) -> None:
        found = self.book.by_deployment(deployment)
        assert found is not None
        self.book = failed(self.book, found.instance, deployment)


EVENTS = st.lists(st.integers(-8, 8), max_size=80)
"""A number over 0 is an instance that arrives; another one picks a deployment that fails."""


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.integers(1, 5))
def test_whatever_order_launches_fail_in_no_more_are_tried_than_were_under_way_at_the_limit(
    events: list[int], limit: int
) -> None:
    group, at_limit = Group(limit), None

    for event in events:
        if event > 0:
            group.arrive(held(f"i-{event}"))
        elif group.under_way:
            group.fail(group.under_way[event % len(group.under_way)])
        if group.book.failures >= limit and at_limit is None:
            at_limit = group.started

    assert at_limit is None or group.started == at_limit


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 8), max_size=60), st.integers(1, 5))
def test_one_launch_after_another_is_tried_as_often_as_the_limit_says(
    arrivals: list[int], limit: int
) -> None:
    group = Group(limit)

    for number in arrivals:
        group.arrive(held(f"i-{number}"))
        for deployment in group.under_way:
            group.fail(deployment)

    assert group.started == min(limit, len(arrivals))
    assert group.book.failures == group.started
