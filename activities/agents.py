"""Waiting for the agents of instances that have just been launched."""

import asyncio
from collections.abc import Callable, Iterator

from temporalio import activity

from activities.directory import Directory
from activities.liveness import alive
from activities.pauses import growing_pauses
from codedeploy.wire import Model


class AgentsQuestion(Model):
    """Whose agents are waited for, and how long nobody new may come before it is given up."""

    names: tuple[str, ...]
    patience_seconds: float


class Agents:
    """What deployments want to know of agents.

    Args:
        directory: Knows who asks for work.
        pauses: How long to wait between two looks.
    """

    def __init__(
        self, directory: Directory, *, pauses: Callable[[], Iterator[float]] = growing_pauses
    ) -> None:
        self._directory = directory
        self._pauses = pauses

    @activity.defn(name="await_agents")
    async def until_present(self, question: AgentsQuestion) -> tuple[str, ...]:
        """Return the names of those who ask for no work when no more are expected; reads only."""
        return await alive(self._until_present(question))

    async def _until_present(self, question: AgentsQuestion) -> tuple[str, ...]:
        clock = asyncio.get_running_loop().time
        absent, last_arrival, pauses = question.names, clock(), self._pauses()
        while True:
            seen = await self._directory.last_seen(absent)
            still_absent = tuple(name for name, when in seen.items() if when is None)
            if len(still_absent) < len(absent):
                last_arrival = clock()
            absent = still_absent
            if not absent or clock() - last_arrival > question.patience_seconds:
                return absent
            await asyncio.sleep(next(pauses))
