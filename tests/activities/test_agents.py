"""Waiting for agents: real queues on the real server, which agents join while they are awaited."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.agents import Agents, AgentsQuestion
from activities.directory import Directory
from codedeploy.commands import host_queue
from tests.scenario import SimulatedHost

LOOK_SECONDS = 0.05
LONG = 600.0


def quick_pauses() -> Iterator[float]:
    while True:
        yield LOOK_SECONDS


class Machines:
    """Instances of a test, whose agents may come at any time."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._stack = AsyncExitStack()
        self._suffix = uuid4().hex[:8]

    def name(self, short: str) -> str:
        return f"{short}-{self._suffix}"

    async def start(self, short: str) -> None:
        """Start an agent; it asks for work soon."""
        host = SimulatedHost(self.name(short), {})
        await self._stack.enter_async_context(
            Worker(self._temporal, task_queue=host_queue(host.name), activities=[host.run])
        )

    async def absent(
        self,
        *shorts: str,
        patience: float = LONG,
        pauses: Callable[[], Iterator[float]] = quick_pauses,
    ) -> list[str]:
        """Wait for agents; return the short names of those who never came."""
        agents = Agents(Directory(self._temporal), pauses=pauses)
        names = tuple(map(self.name, shorts))
        question = AgentsQuestion(names=names, patience_seconds=patience)
        found = await ActivityEnvironment().run(agents.until_present, question)
        return [name.removesuffix(f"-{self._suffix}") for name in found]

    async def aclose(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def machines(temporal: Client) -> AsyncIterator[Machines]:
    machines = Machines(temporal)
    yield machines
    await machines.aclose()


async def test_nobody_is_waited_for_if_nobody_is_named(machines: Machines) -> None:
    assert await machines.absent() == []


async def test_agents_that_ask_for_work_are_present(machines: Machines) -> None:
    await machines.start("a")
    await machines.start("b")

    assert await machines.absent("a", "b") == []


async def test_an_agent_that_never_comes_is_named(machines: Machines) -> None:
    assert await machines.absent("a", "b", patience=0) == ["a", "b"]


async def test_only_those_who_are_missing_are_named(machines: Machines) -> None:
    await machines.start("a")
    assert await machines.absent("a") == []

    assert await machines.absent("a", "b", patience=0) == ["b"]


async def test_an_agent_that_comes_late_ends_the_wait(machines: Machines) -> None:
    has_looked = asyncio.Event()

    def noticing() -> Iterator[float]:
        for pause in quick_pauses():
            has_looked.set()
            yield pause

    waiting = asyncio.create_task(machines.absent("a", pauses=noticing))
    await has_looked.wait()
    await machines.start("a")

    assert await waiting == []
