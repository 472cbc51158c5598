"""The watch of Auto Scaling groups: what it sees to, and what keeps it from nothing."""

import asyncio
import shutil
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from codedeploy.auto_scaling import HeldInstance, HeldQuestion, HeldReport, HooksOrder, Transition
from tests.activities.hooked_groups import order_for
from workflows.orders import ScalingWatchOrder
from workflows.registry import runner
from workflows.scaling_watch import ScalingWatchWorkflow

Watch = WorkflowHandle[Any, None]

MANY = 4000
"""So many held instances that a run has told enough after a few orders of them."""


class FakeScaling:
    """Auto Scaling groups of which nobody comes or goes.

    Attributes:
        watched: The Auto Scaling groups of each look, in order.
        removed: Those whose hooks were removed.
        gone: Why hooks cannot be kept, a sentence each.
        is_refusing: Whether no hook may be removed.
        is_removing: Whether hooks were ever asked to be removed.
        hold: What waits for this, does so after it has begun.
    """

    def __init__(self) -> None:
        self.watched: list[tuple[str, ...]] = []
        self.removed: list[str] = []
        self.gone: tuple[str, ...] = ()
        self.is_refusing = self.is_removing = False
        self.hold: dict[str, asyncio.Event] = {}

    @activity.defn
    async def await_held_instances(self, question: HeldQuestion) -> HeldReport:
        self.watched.append(question.hooks.names)
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)

    @activity.defn
    async def keep_lifecycle_hooks(self, _order: HooksOrder) -> tuple[str, ...]:
        await self._held("keep")
        return self.gone

    @activity.defn
    async def remove_lifecycle_hooks(self, order: HooksOrder) -> None:
        self.is_removing = True
        await self._held("remove")
        if self.is_refusing:
            raise ApplicationError("Allow it.", type="IAM_ROLE_PERMISSIONS", non_retryable=True)
        self.removed += order.names

    @activity.defn
    async def deregister_terminated(self, _role: str | None) -> tuple[str, ...]:
        await self._held("deregister")
        return ()

    async def _held(self, what: str) -> None:
        if what in self.hold:
            await self.hold[what].wait()

    def holding(self, what: str) -> asyncio.Event:
        """Let an activity wait until the returned event is set."""
        self.hold[what] = asyncio.Event()
        return self.hold[what]

    @property
    def activities(self) -> list[Callable[..., Any]]:
        return [
            *(self.await_held_instances, self.keep_lifecycle_hooks),
            *(self.remove_lifecycle_hooks, self.deregister_terminated),
        ]


def order(*names: str, known: tuple[HeldInstance, ...] = ()) -> ScalingWatchOrder:
    hooks = order_for(*names) if names else order_for().model_copy(update={"names": ()})
    return ScalingWatchOrder(group_workflow_id="nobody", hooks=hooks, known=known)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


class Site:
    """A watch on a task queue of its own."""

    def __init__(self, client: Client, queue: str) -> None:
        self._client = client
        self._queue = queue

    async def watch(self, *names: str) -> Watch:
        return await self._client.start_workflow(
            ScalingWatchWorkflow.run, order(*names), id=f"watch/{uuid4()}", task_queue=self._queue
        )


@asynccontextmanager
async def site(client: Client, scaling: FakeScaling) -> AsyncIterator[Site]:
    queue = f"watch-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[ScalingWatchWorkflow],
        workflow_runner=runner(),
        activities=scaling.activities,
    ):
        yield Site(client, queue)
        for event in scaling.hold.values():
            event.set()


@pytest.fixture
def scaling() -> FakeScaling:
    return FakeScaling()


@pytest.fixture
async def here(temporal: Client, scaling: FakeScaling) -> AsyncIterator[Site]:
    async with site(temporal, scaling) as made:
        yield made


# --- watching depends on nothing else


@pytest.mark.parametrize("what", ["keep", "deregister"])
async def test_instances_are_watched_however_long_the_upkeep_takes(
    scaling: FakeScaling, here: Site, what: str
) -> None:
    scaling.holding(what)

    watch = await here.watch("web")

    await until(lambda: scaling.watched == [("web",)])
    await watch.terminate()


async def test_what_keeps_hooks_from_being_kept_is_told_and_the_others_are_watched(
    scaling: FakeScaling, here: Site
) -> None:
    scaling.gone = ("There is no Auto Scaling group api.",)

    watch = await here.watch("api", "web")

    await until(lambda: scaling.watched == [("api", "web")])
    async with asyncio.timeout(20):
        while await watch.query(ScalingWatchWorkflow.trouble) != scaling.gone:
            await asyncio.sleep(0.02)
    await watch.terminate()


# --- hooks that nobody wants


async def test_hooks_of_groups_that_are_watched_no_more_are_removed(
    scaling: FakeScaling, here: Site
) -> None:
    watch = await here.watch("api", "web")

    await watch.signal(ScalingWatchWorkflow.watch, order("web"))

    await until(lambda: scaling.removed == ["api"])
    await until(lambda: scaling.watched[-1:] == [("web",)])
    await watch.terminate()


async def test_a_watch_with_nothing_left_removes_its_hooks_and_ends(
    scaling: FakeScaling, here: Site
) -> None:
    watch = await here.watch("web")

    await watch.signal(ScalingWatchWorkflow.watch, order())
    await watch.result()

    assert scaling.removed == ["web"]


async def test_hooks_whose_removal_is_refused_are_removed_later(scaling: FakeScaling) -> None:
    scaling.is_refusing = True
    async with time_skipped() as client, site(client, scaling) as elsewhere:
        watch = await elsewhere.watch("web")
        await watch.signal(ScalingWatchWorkflow.watch, order())
        while not await watch.query(ScalingWatchWorkflow.trouble):
            await asyncio.sleep(0.02)

        scaling.is_refusing = False
        await watch.result()

    assert scaling.removed == ["web"]


async def test_what_is_to_be_watched_while_the_last_hooks_are_removed_is_watched(
    scaling: FakeScaling, here: Site
) -> None:
    removal = scaling.holding("remove")
    watch = await here.watch("web")
    await watch.signal(ScalingWatchWorkflow.watch, order())

    await watch.signal(ScalingWatchWorkflow.watch, order("api"))
    removal.set()

    await until(lambda: scaling.watched[-1:] == [("api",)])
    await until(lambda: scaling.removed == ["web"])
    await watch.terminate()


async def test_hooks_that_are_wanted_again_before_their_removal_begins_stay(
    scaling: FakeScaling, here: Site
) -> None:
    keeping = scaling.holding("keep")
    watch = await here.watch("web")
    await until(lambda: scaling.watched == [("web",)])
    removal = scaling.holding("remove")
    await watch.signal(ScalingWatchWorkflow.watch, order("api"))
    await watch.signal(ScalingWatchWorkflow.watch, order("shop"))
    keeping.set()
    await until(lambda: scaling.is_removing)

    await watch.signal(ScalingWatchWorkflow.watch, order("api"))
    await until(lambda: scaling.watched[-1:] == [("api",)])
    removal.set()

    await until(lambda: "shop" in scaling.removed)
    assert scaling.removed == ["web", "shop"]
    await watch.terminate()


async def test_hooks_that_are_still_to_be_removed_are_removed_by_the_next_run(
    scaling: FakeScaling, here: Site
) -> None:
    scaling.is_refusing = True
    watch = await here.watch("api", "web")
    first = (await watch.describe()).run_id

    await watch.signal(ScalingWatchWorkflow.watch, order("web"))
    while not await watch.query(ScalingWatchWorkflow.trouble):
        await asyncio.sleep(0.02)
    while (await watch.describe()).run_id == first:
        scaling.watched.clear()
        await watch.signal(ScalingWatchWorkflow.watch, order("web", known=many()))
        await until(lambda: scaling.watched[-1:] == [("web",)])
    scaling.is_refusing = False
    await watch.signal(ScalingWatchWorkflow.watch, order("web"))

    await until(lambda: scaling.removed == ["api"])
    await watch.terminate()


def many() -> tuple[HeldInstance, ...]:
    return tuple(
        HeldInstance(
            auto_scaling_group="web", name=f"i-{number:017x}", transition=Transition.LAUNCHING
        )
        for number in range(MANY)
    )


@asynccontextmanager
async def time_skipped() -> AsyncIterator[Client]:
    program = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=program, data_converter=pydantic_data_converter
    ) as environment:
        yield environment.client
