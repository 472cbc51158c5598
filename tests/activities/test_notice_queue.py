import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.held_instances import HeldInstances, Rhythm
from activities.lifecycle_hooks import LifecycleHooks
from activities.notice_queue import PATIENCE_SECONDS
from codedeploy.auto_scaling import (
    HeldQuestion,
    HeldReport,
    HooksOrder,
)
from tests.activities.balanced_instances import counted
from tests.activities.held_watches import (
    BEAT,
    DESCRIBE,
    OFTEN,
    ORDER,
    build_hooked,
    launched,
    meanwhile,
    names,
    often,
    told,
    watched,
    worker_with,
)
from tests.activities.hooked_groups import ROLE, HookedGroup, order_for
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.inbox import Inbox

RUNG = Rhythm(looks=3600, looks_with_queue=3600, others_messages=0.1, watch=3600)


@pytest.fixture
def group(aws: Emulator, clients: Aws) -> HookedGroup:
    return build_hooked(aws, clients)


@pytest.fixture
def instances(clients: Aws) -> HeldInstances:
    return HeldInstances(clients, rhythm=OFTEN, pauses=often)


def telling(inbox: Inbox) -> HooksOrder:
    return order_for(queue_arn=inbox.arn, queue_role_arn=ROLE)


@pytest.fixture
def inbox(aws: Emulator) -> Inbox:
    return Inbox(aws)


@pytest.fixture
def waiting_for_the_queue(clients: Aws) -> HeldInstances:
    """Who looks once, and then when the queue rings only."""
    return HeldInstances(clients, rhythm=RUNG, pauses=often)


# --- what rings


@asynccontextmanager
async def listening(
    instances: HeldInstances, clients: Aws, inbox: Inbox
) -> AsyncIterator[asyncio.Task[HeldReport]]:
    """Watch, and go on when the queue has rung once, and is listened to again."""
    LifecycleHooks(clients).repair(telling(inbox))  # Auto Scaling sends a test message.
    with counted(clients, "sqs", read_seconds=PATIENCE_SECONDS) as calls:
        async with watched(instances, hooks=telling(inbox)) as watch:
            await meanwhile(lambda: calls.count("ReceiveMessage") > 1)
            yield watch


async def test_the_queue_rings_and_its_messages_are_deleted(
    group: HookedGroup, clients: Aws, inbox: Inbox, waiting_for_the_queue: HeldInstances
) -> None:
    async with listening(waiting_for_the_queue, clients, inbox) as watch:
        (name,) = await asyncio.to_thread(group.launch)

        assert names((await watch).arrived) == [name]
    assert inbox.count() == 0


NOT_OURS = {
    "another group": '{"AutoScalingGroupName": "other"}',
    "another hook": '{"AutoScalingGroupName": "web", "LifecycleHookName": "install"}',
    "no group": "{}",
    "no object": "[]",
    "no JSON": "hello",
}


@pytest.mark.parametrize("body", NOT_OURS.values(), ids=NOT_OURS)
async def test_a_message_for_somebody_else_is_left_to_him(
    aws: Emulator,
    group: HookedGroup,
    clients: Aws,
    inbox: Inbox,
    waiting_for_the_queue: HeldInstances,
    body: str,
) -> None:
    aws.client("sqs").send_message(QueueUrl=inbox.url, MessageBody=body)

    async with listening(waiting_for_the_queue, clients, inbox) as watch:
        await asyncio.to_thread(group.launch)
        await watch

    (left,) = await meanwhile(lambda: received(aws, inbox))
    assert left["Body"] == body


def received(aws: Emulator, inbox: Inbox) -> list[dict[str, Any]]:
    answer = aws.client("sqs").receive_message(QueueUrl=inbox.url, MaxNumberOfMessages=10)
    return list(answer.get("Messages", ()))


async def test_instances_whose_notice_is_lost_are_told_all_the_same(
    group: HookedGroup, clients: Aws, inbox: Inbox, instances: HeldInstances
) -> None:
    LifecycleHooks(clients).repair(telling(inbox))

    async with watched(instances, hooks=telling(inbox)) as watch:
        group.put(ORDER.launch_hook, NotificationTargetARN="")
        launched_here = await asyncio.to_thread(group.launch)

        assert names((await watch).arrived) == launched_here


async def test_without_its_queue_a_watch_looks_as_if_there_were_none(
    aws: Emulator, group: HookedGroup, clients: Aws, inbox: Inbox
) -> None:
    aws.client("sqs").delete_queue(QueueUrl=inbox.url)
    rung = HeldInstances(clients, rhythm=replace(RUNG, looks=0.05))

    async with watched(rung, hooks=telling(inbox)) as watch:
        launched_here = await asyncio.to_thread(group.launch)

        assert names((await watch).arrived) == launched_here


@pytest.mark.usefixtures("group")
async def test_a_watch_that_is_cancelled_while_it_listens_ends_at_once(
    clients: Aws, inbox: Inbox, waiting_for_the_queue: HeldInstances
) -> None:
    LifecycleHooks(clients).repair(telling(inbox))
    environment = ActivityEnvironment()
    question = HeldQuestion(hooks=telling(inbox))
    watch = asyncio.create_task(environment.run(waiting_for_the_queue.wait, question))
    await meanwhile(lambda: inbox.count() == 0)

    environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(watch, 5)


async def test_a_throttled_queue_does_not_end_a_watch(
    group: HookedGroup, clients: Aws, inbox: Inbox, failing: Faults
) -> None:
    LifecycleHooks(clients).repair(telling(inbox))
    rule = failing.throttle("sqs", "ReceiveMessage", times=2)
    rung = HeldInstances(clients, rhythm=replace(RUNG, looks=0.05))

    async with watched(rung, hooks=telling(inbox)) as watch:
        await meanwhile(lambda: failing.fired(rule) == 2)
        launched_here = await asyncio.to_thread(group.launch)

        assert names((await watch).arrived) == launched_here


@pytest.mark.parametrize(
    ("rights", "missing"),
    [
        ([DESCRIBE, BEAT], "sqs:GetQueueUrl"),
        ([DESCRIBE, BEAT, "sqs:GetQueueUrl"], "sqs:ReceiveMessage"),
    ],
    ids=["find", "listen"],
)
async def test_a_right_that_is_missing_ends_a_watch_and_is_named(
    aws: Emulator,
    group: HookedGroup,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    rights: list[str],
    missing: str,
) -> None:
    known = map(launched, group.launch())

    with (
        worker_with(aws, monkeypatch, *rights) as worker,
        pytest.raises(ApplicationError, match=f"Allow {missing} ") as error,
    ):
        await told(worker, *known, hooks=telling(inbox))

    assert (error.value.type, error.value.non_retryable) == ("IAM_ROLE_PERMISSIONS", True)
