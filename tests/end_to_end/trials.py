"""Twins that are disturbed, all at the same time, and how each of them ends."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from temporalio.client import WorkflowFailureError

from tests.aws.emulator import Emulator
from tests.aws.snapshot import Snapshot, snapshot
from tests.end_to_end.fates import Fate, Fates
from tests.end_to_end.lanes import Lanes
from tests.end_to_end.orderly import Orderly
from tests.end_to_end.stories import Outcome, Story, outcome_of
from tests.end_to_end.twins import Twin, build, prepare

_PATIENCE_SECONDS = 150
_BUILT_AT_ONCE = 8


class Disturbance(Protocol):
    """What may happen to a deployment."""

    def begin(self, deployment_id: str) -> None:
        """Let something happen to a deployment that is about to start."""

    async def has_happened(self, deployment_id: str) -> bool:
        """Whether it did happen to a deployment that has ended."""


class Kill(NamedTuple):
    """Death of the worker at one activity; none without a fate."""

    fates: Fates
    fate: Fate | None

    def begin(self, deployment_id: str) -> None:
        """Decree the fate of a deployment that is about to start."""
        if self.fate is not None:
            self.fates.decree(deployment_id, self.fate)

    async def has_happened(self, deployment_id: str) -> bool:
        """Wait until the worker was killed, be it by an activity that nobody waits for."""
        if self.fate is not None:
            await self.fates.until_met(deployment_id)
        return True


@dataclass(frozen=True)
class Ending:
    """How a twin ended; `outcome` says it in words if it did not.

    Attributes:
        before: What belongs to the twin, as it was.
        after: What belongs to the twin, as it is.
        shape: The same, without what tells it from that of another twin.
    """

    twin: Twin
    outcome: Outcome | str
    before: Snapshot
    after: Snapshot
    shape: Snapshot


class Trials:
    """Twins on lanes.

    Args:
        at_once: How many share a lane at a time; whoever kills a worker kills it for all of them.
    """

    def __init__(self, lanes: Lanes, aws: Emulator, *, at_once: int = 1) -> None:
        self._lanes = lanes
        self._aws = aws
        self._builder = Orderly(aws)
        self._turns = defaultdict[str, asyncio.Semaphore](partial(asyncio.Semaphore, at_once))

    def close(self) -> None:
        """Close the connections that twins were built over."""
        self._builder.close()

    async def undisturbed(self, stories: Sequence[Story]) -> dict[Story, Ending]:
        """Begin with an empty account, and return how each story ends if nothing happens."""
        self._aws.reset()
        prepare(self._builder)
        calm = Kill(self._lanes.fates, None)
        endings = await self.endings((story, calm) for story in stories)
        return dict(zip(stories, endings, strict=True))

    async def endings(self, cases: Iterable[tuple[Story, Disturbance]]) -> list[Ending]:
        """Disturb a twin for each case, and return how they end, in the same order."""
        cases = list(cases)
        twins = await self._built([story for story, _ in cases])
        before = snapshot(self._aws)
        outcomes = await asyncio.gather(
            *(self._outcome(twin, case[1]) for twin, case in zip(twins, cases, strict=True))
        )
        after = snapshot(self._aws)
        shape = snapshot(self._aws, with_identities=False)
        return [
            Ending(twin, outcome, *(twin.part_of(whole) for whole in (before, after, shape)))
            for twin, outcome in zip(twins, outcomes, strict=True)
        ]

    async def _built(self, stories: list[Story]) -> list[Twin]:
        gate = asyncio.Semaphore(_BUILT_AT_ONCE)
        clients = self._lanes.clients

        async def built(number: int, story: Story) -> Twin:
            async with gate:
                client = clients[number % len(clients)]
                return await asyncio.to_thread(build, story, client, self._builder)

        return await asyncio.gather(*(built(*numbered) for numbered in enumerate(stories)))

    async def _outcome(self, twin: Twin, disturbance: Disturbance) -> Outcome | str:
        """Return how a twin ends once it is its turn in its lane."""
        async with self._turns[twin.scenario.temporal.namespace]:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    disturbance.begin(twin.deployment_id)
                    info = await twin.deploy()
                    has_happened = await disturbance.has_happened(twin.deployment_id)
            except TimeoutError:
                return f"{twin.deployment_id} did not end, or nothing has happened to it"
            except WorkflowFailureError as error:
                return f"{twin.deployment_id} broke: {error.cause!r}"
        return outcome_of(info) if has_happened else f"nothing has happened to {info.deployment_id}"
