"""Simulated agents for the instances of one deployment, in the process of the tests.

Killing a worker of the control plane does not kill them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from temporalio.client import Client
from temporalio.worker import Worker

from codedeploy.commands import host_queue
from tests.scenario import SimulatedHost

_LOOK_SECONDS = 0.3

Members = Callable[[], Sequence[str]]
"""Returns the names of the instances that there are; asked in a thread."""


class FleetAgents:
    """One agent for each instance of the beginning, and for each that comes.

    Args:
        expected: How many are to come; nobody looks for more.
        failing: At which event the instances of the beginning fail, with which revision.
    """

    def __init__(
        self, temporal: Client, members: Members, *, expected: int, failing: dict[str, str]
    ) -> None:
        self._temporal = temporal
        self._members = members
        self._expected = expected
        self._failing = failing
        self._known: set[str] = set()
        self._workers = AsyncExitStack()

    @asynccontextmanager
    async def at_work(self, first: Sequence[str]) -> AsyncIterator[None]:
        """Be there for the length of the block; the last of `first` is the one that fails."""
        async with self._workers:
            for name in first:
                await self._start(name, self._failing if name == first[-1] else {})
            follower = asyncio.create_task(self._follow())
            try:
                yield
            finally:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)

    async def _follow(self) -> None:
        all_of_them = len(self._known) + self._expected
        while len(self._known) < all_of_them:
            for name in await asyncio.to_thread(self._members):
                if name not in self._known:
                    await self._start(name, {})
            await asyncio.sleep(_LOOK_SECONDS)

    async def _start(self, name: str, failing: dict[str, str]) -> None:
        self._known.add(name)
        worker = Worker(
            self._temporal,
            task_queue=host_queue(name),
            activities=[SimulatedHost(name, {}, failing=failing).run],
            max_concurrent_activities=1,
            max_concurrent_activity_task_polls=1,
        )
        await self._workers.enter_async_context(worker)
