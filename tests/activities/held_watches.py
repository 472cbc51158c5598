"""Watches of instances that lifecycle hooks hold, as the tests of them begin and end them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import repeat
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.held_instances import HeldInstances, Rhythm
from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import (
    HeldInstance,
    HeldQuestion,
    HeldReport,
    HooksOrder,
    LifecycleActionOrder,
    LifecycleActionResult,
    Transition,
)
from tests.activities.hooked_groups import HookedGroup, build_group, order_for
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.emulator import Emulator
from tests.aws.waiting import until

ORDER = order_for()
BOTH = order_for(has_termination_hook=True)
OFTEN = Rhythm(
    looks=0.05, looks_with_queue=0.2, heartbeats=0.2, others_messages=0.1, again=0.3, watch=20
)
DESCRIBE, BEAT, COMPLETE = (
    f"autoscaling:{operation}"
    for operation in (
        "DescribeAutoScalingGroups",
        "RecordLifecycleActionHeartbeat",
        "CompleteLifecycleAction",
    )
)


def often() -> Iterator[float]:
    return repeat(0.02)


def build_hooked(aws: Emulator, clients: Aws) -> HookedGroup:
    """Build a group with our hooks, empty at first."""
    group = build_group(aws)
    LifecycleHooks(clients).repair(BOTH)
    clients.close()  # New clients meet the failures that a test asks for.
    return group


async def told(
    instances: HeldInstances,
    *known: HeldInstance,
    hooks: HooksOrder = ORDER,
    unanswered: tuple[HeldInstance, ...] = (),
) -> HeldReport:
    question = HeldQuestion(hooks=hooks, known=known, unanswered=unanswered)
    return await ActivityEnvironment().run(instances.wait, question)


@asynccontextmanager
async def watched(
    instances: HeldInstances, *known: HeldInstance, hooks: HooksOrder = ORDER
) -> AsyncIterator[asyncio.Task[HeldReport]]:
    """Watch for the length of the block; it is not awaited."""
    task = asyncio.create_task(told(instances, *known, hooks=hooks))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def meanwhile(look: Callable[[], Any]) -> Any:
    """Wait until something is so, and let a watch go on."""
    return await asyncio.to_thread(until, look)


def launched(name: str, group: str = "web") -> HeldInstance:
    return HeldInstance(auto_scaling_group=group, name=name, transition=Transition.LAUNCHING)


def names(held: tuple[HeldInstance, ...]) -> list[str]:
    return [one.name for one in held]


def complete(
    instances: HeldInstances,
    instance: HeldInstance,
    result: LifecycleActionResult = LifecycleActionResult.CONTINUE,
) -> None:
    instances.complete(LifecycleActionOrder(hooks=BOTH, instance=instance, result=result))


@contextmanager
def worker_with(aws: Emulator, patch: pytest.MonkeyPatch, *rights: str) -> Iterator[HeldInstances]:
    """Check rights for the length of the block; the worker has these, and none that matters."""
    role = assume(aws, "worker", allowing("sns:Publish", *rights))
    for name, value in role.environment.items():
        patch.setenv(name, value)
    worker = Aws()
    with authorization(aws):
        yield HeldInstances(worker, rhythm=OFTEN, pauses=often)
    worker.close()
