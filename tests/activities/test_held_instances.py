import asyncio
from collections.abc import Callable

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.held_instances import HeldInstances, Rhythm
from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import (
    HeldReport,
    LifecycleActionResult,
    Transition,
)
from tests.activities.held_watches import (
    BEAT,
    BOTH,
    COMPLETE,
    DESCRIBE,
    OFTEN,
    ORDER,
    build_hooked,
    complete,
    launched,
    meanwhile,
    names,
    often,
    told,
    watched,
    worker_with,
)
from tests.activities.hooked_groups import HookedGroup, build_group, order_for
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.lifecycle_actions import CONTINUE

ONCE = Rhythm(watch=0.01)


@pytest.fixture
def group(aws: Emulator, clients: Aws) -> HookedGroup:
    return build_hooked(aws, clients)


@pytest.fixture
def instances(clients: Aws) -> HeldInstances:
    return HeldInstances(clients, rhythm=OFTEN, pauses=often)


@pytest.fixture
def looking(clients: Aws) -> HeldInstances:
    """Who looks a single time."""
    return HeldInstances(clients, rhythm=ONCE, pauses=often)


# --- arriving


async def test_a_launched_instance_is_told_with_its_group_and_zone(
    group: HookedGroup, instances: HeldInstances
) -> None:
    async with watched(instances) as watch:
        (name,) = await asyncio.to_thread(group.launch)

        (held,) = (await watch).arrived

    assert (held.auto_scaling_group, held.name) == ("web", name)
    assert (held.transition, held.zone[:-1]) == (Transition.LAUNCHING, "us-east-1")


async def test_instances_of_all_groups_are_told(
    aws: Emulator, group: HookedGroup, clients: Aws, looking: HeldInstances
) -> None:
    other = build_group(aws, "other")
    LifecycleHooks(clients).repair(order_for("other"))
    launched_here, launched_there = group.launch(), other.launch()

    report = await told(looking, hooks=order_for("web", "other"))

    assert sorted(names(report.arrived)) == sorted(launched_here + launched_there)


async def test_those_known_are_not_told_again(group: HookedGroup, looking: HeldInstances) -> None:
    known, new = group.launch(2)

    report = await told(looking, launched(known))

    assert (names(report.arrived), report.gone) == ([new], ())


async def test_one_without_an_answer_is_told_again_after_a_while(
    group: HookedGroup, instances: HeldInstances
) -> None:
    answered, unanswered = map(launched, group.launch(2))

    report = await told(instances, answered, unanswered, unanswered=(unanswered,))

    assert names(report.arrived) == [unanswered.name]


async def test_one_without_an_answer_that_is_held_no_more_is_gone(
    group: HookedGroup, looking: HeldInstances
) -> None:
    gone = launched("i-00000000000000000")

    report = await told(looking, gone, unanswered=(gone,))

    assert report == HeldReport(gone=(gone,))


async def test_a_terminated_instance_is_told_if_it_has_a_hook(
    group: HookedGroup, looking: HeldInstances
) -> None:
    (name,) = group.launch()
    complete(looking, launched(name))
    group.wait_for(in_service=1)
    group.site.resize(0)
    group.site.wait_for(Terminating_Wait=1)

    report = await told(looking, hooks=BOTH)

    assert [(one.name, one.transition) for one in report.arrived] == [
        (name, Transition.TERMINATING)
    ]
    assert await told(looking) == HeldReport()


async def test_an_instance_that_only_the_hook_of_somebody_else_holds_is_not_told(
    group: HookedGroup, looking: HeldInstances
) -> None:
    group.put("install")
    (name,) = group.launch()
    complete(looking, launched(name))

    report = await told(looking)

    assert group.site.states() == {name: "Pending:Wait"}
    assert report == HeldReport()


@pytest.mark.usefixtures("group")
async def test_a_watch_without_news_ends_empty(looking: HeldInstances) -> None:
    assert await told(looking) == HeldReport()


async def test_no_groups_are_not_all_groups(group: HookedGroup, looking: HeldInstances) -> None:
    group.launch()
    nowhere = order_for().model_copy(update={"names": ()})

    assert await told(looking, hooks=nowhere) == HeldReport()


async def test_a_group_that_is_gone_hides_no_other(
    group: HookedGroup, looking: HeldInstances
) -> None:
    launched_here = group.launch()

    report = await told(looking, hooks=order_for("nowhere", "web"))

    assert names(report.arrived) == launched_here


# --- going


async def test_a_known_instance_that_somebody_let_go_on_is_told(
    group: HookedGroup, instances: HeldInstances
) -> None:
    (name,) = group.launch()

    async with watched(instances, launched(name)) as watch:
        complete(instances, launched(name))

        assert await watch == HeldReport(gone=(launched(name),))


async def test_a_known_instance_that_waits_for_somebody_else_only_is_told(
    group: HookedGroup, looking: HeldInstances
) -> None:
    group.put("install")
    (name,) = group.launch()
    complete(looking, launched(name))

    assert await told(looking, launched(name)) == HeldReport(gone=(launched(name),))


async def test_the_known_instances_of_a_group_that_is_deleted_are_told(
    group: HookedGroup, instances: HeldInstances
) -> None:
    (name,) = group.launch()

    async with watched(instances, launched(name)) as watch:
        await asyncio.to_thread(group.delete)

        assert await watch == HeldReport(gone=(launched(name),))


# --- waiting


async def test_known_instances_are_kept_waiting(
    aws: Emulator, group: HookedGroup, clients: Aws, instances: HeldInstances
) -> None:
    unwatched = build_group(aws, "unwatched")
    LifecycleHooks(clients).repair(order_for("unwatched"))
    for one in (group, unwatched):
        one.put(ORDER.launch_hook, HeartbeatTimeout=10, DefaultResult=CONTINUE)
    (name,) = group.launch()

    async with watched(instances, launched(name)) as watch:
        unwatched.site.resize(1)
        await meanwhile(lambda: "InService" in unwatched.site.states().values())

        assert not watch.done()
    assert group.site.states() == {name: "Pending:Wait"}


# --- AWS that does not answer


FAILURES: dict[str, Callable[[Faults], int]] = {
    "throttled look": lambda aws: aws.throttle("autoscaling", "DescribeAutoScalingGroups", times=3),
    "broken look": lambda aws: aws.server_error("autoscaling", "DescribeAutoScalingGroups"),
    "lost look": lambda aws: aws.lose_answer("autoscaling", "DescribeAutoScalingGroups"),
    "throttled heartbeat": lambda aws: aws.throttle(
        "autoscaling", "RecordLifecycleActionHeartbeat", times=3
    ),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
async def test_failures_that_pass_do_not_end_a_watch(
    group: HookedGroup,
    instances: HeldInstances,
    failing: Faults,
    fail: Callable[[Faults], int],
) -> None:
    launched_here = group.launch(2)
    rule = fail(failing)

    report = await told(instances)

    assert names(report.arrived) == launched_here
    assert failing.fired(rule) >= 1


@pytest.mark.parametrize(
    ("rights", "missing"),
    [
        ([BEAT], DESCRIBE),
        ([DESCRIBE], BEAT),
    ],
    ids=["look", "heartbeat"],
)
async def test_a_right_that_is_missing_ends_a_watch_and_is_named(
    aws: Emulator,
    group: HookedGroup,
    monkeypatch: pytest.MonkeyPatch,
    rights: list[str],
    missing: str,
) -> None:
    known = map(launched, group.launch())

    with (
        worker_with(aws, monkeypatch, *rights) as worker,
        pytest.raises(ApplicationError, match=f"Allow {missing} ") as error,
    ):
        await told(worker, *known)

    assert (error.value.type, error.value.non_retryable) == ("IAM_ROLE_PERMISSIONS", True)


async def test_these_rights_are_enough(
    aws: Emulator, group: HookedGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = group.launch()

    with worker_with(aws, monkeypatch, DESCRIBE, BEAT, COMPLETE) as worker:
        report = await told(worker)
        complete(worker, launched(name))

    assert names(report.arrived) == [name]
    assert group.site.states() == {name: "InService"}


# --- letting go


def test_an_instance_goes_into_service_once_however_often_that_is_said(
    group: HookedGroup, instances: HeldInstances
) -> None:
    (name,) = group.launch()

    for _ in range(2):
        complete(instances, launched(name))

    assert group.site.states() == {name: "InService"}


async def test_an_abandoned_instance_is_replaced(
    group: HookedGroup, instances: HeldInstances
) -> None:
    (name,) = group.launch()

    async with watched(instances, launched(name)) as watch:
        complete(instances, launched(name), LifecycleActionResult.ABANDON)
        assert names((await watch).gone) == [name]

    (replacement,) = (await told(instances)).arrived
    assert (replacement.name != name, replacement.transition) == (True, Transition.LAUNCHING)


def test_a_terminated_instance_is_let_go(group: HookedGroup, instances: HeldInstances) -> None:
    (name,) = group.launch()
    complete(instances, launched(name))
    group.site.resize(0)
    group.site.wait_for(Terminating_Wait=1)

    complete(instances, launched(name).model_copy(update={"transition": Transition.TERMINATING}))

    assert group.site.states() == {}


def test_the_hooks_of_others_are_theirs_to_complete(
    group: HookedGroup, instances: HeldInstances
) -> None:
    group.put("install")
    (name,) = group.launch()

    complete(instances, launched(name))

    assert group.site.states() == {name: "Pending:Wait"}
    group.client.complete_lifecycle_action(
        AutoScalingGroupName="web",
        LifecycleHookName="install",
        LifecycleActionResult=CONTINUE,
        InstanceId=name,
    )
    assert group.site.states() == {name: "InService"}


def test_an_action_whose_hook_is_gone_is_over(
    group: HookedGroup, clients: Aws, instances: HeldInstances
) -> None:
    (name,) = group.launch()
    LifecycleHooks(clients).remove(BOTH)

    complete(instances, launched(name))

    assert group.hooks() == {}


def test_an_action_whose_group_is_gone_is_over(
    group: HookedGroup, instances: HeldInstances
) -> None:
    (name,) = group.launch()
    group.delete()

    complete(instances, launched(name))

    with pytest.raises(group.client.exceptions.ClientError, match="not found"):
        group.hooks()


def test_a_throttled_completion_is_tried_again(
    group: HookedGroup, instances: HeldInstances, failing: Faults
) -> None:
    (name,) = group.launch()
    failing.throttle("autoscaling", "CompleteLifecycleAction")

    with pytest.raises(ApplicationError) as error:
        complete(instances, launched(name))

    assert (error.value.type, error.value.non_retryable) == ("THROTTLED", False)
    assert group.site.states() == {name: "Pending:Wait"}
