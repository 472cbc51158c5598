"""Twins that are disturbed, all at the same time, and how each of them ends."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from temporalio.client import Client, WorkflowFailureError

from tests.aws.emulator import Emulator
from tests.aws.endpoint import Endpoint
from tests.aws.snapshot import Snapshot
from tests.end_to_end.fates import Fate, Fates, Step
from tests.end_to_end.lanes import Lanes
from tests.end_to_end.orderly import Orderly
from tests.end_to_end.stories import Outcome

_PATIENCE_SECONDS = 150
_BUILT_AT_ONCE = 8


S = TypeVar("S", bound=Hashable)


class AnyTwin(Protocol):
    """One deployment that is to be, and what it is to change; see `twins`."""

    @property
    def temporal(self) -> Client:
        """The client of its lane."""

    @property
    def deployment_id(self) -> str:
        """The id that its deployment has, or will have."""

    async def deploy(self) -> Outcome:
        """Deploy, and return how that ended once nothing of it is left to do."""

    async def steps(self) -> list[Step]:
        """Return the activities of the deployment that a worker of the lane carries out."""

    def part_of(self, whole: Snapshot) -> Snapshot:
        """Return what belongs to it, under a name that all twins share."""


class Shot(Protocol):
    """Takes snapshots."""

    def __call__(self, aws: Endpoint, *, with_identities: bool = True) -> Snapshot:
        """Return how everything stands."""


class Play(NamedTuple, Generic[S]):
    """What twins are like.

    Attributes:
        prepare: Makes what all twins share, in an empty account.
        build: Makes one of a story.
        snapshot: What a deployment of theirs may change.
    """

    prepare: Callable[[Endpoint], None]
    build: Callable[[S, Client, Endpoint], AnyTwin]
    snapshot: Shot


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

    twin: AnyTwin
    outcome: Outcome | str
    before: Snapshot
    after: Snapshot
    shape: Snapshot


class Trials(Generic[S]):
    """Twins on lanes.

    Args:
        play: What they are like.
        at_once: How many share a lane at a time; whoever kills a worker kills it for all of them.
    """

    def __init__(self, lanes: Lanes, aws: Emulator, play: Play[S], *, at_once: int = 1) -> None:
        self._lanes = lanes
        self._play = play
        self._aws = aws
        self._builder = Orderly(aws)
        self._turns = defaultdict[str, asyncio.Semaphore](partial(asyncio.Semaphore, at_once))

    def close(self) -> None:
        """Close the connections that twins were built over."""
        self._builder.close()

    async def undisturbed(self, stories: Sequence[S]) -> dict[S, Ending]:
        """Begin with an empty account, and return how each story ends if nothing happens."""
        self._aws.reset()
        self._play.prepare(self._builder)
        calm = Kill(self._lanes.fates, None)
        endings = await self.endings((story, calm) for story in stories)
        return dict(zip(stories, endings, strict=True))

    async def endings(self, cases: Iterable[tuple[S, Disturbance]]) -> list[Ending]:
        """Disturb a twin for each case, and return how they end, in the same order."""
        cases = list(cases)
        twins = await self._built([story for story, _ in cases])
        before = self._play.snapshot(self._aws)
        outcomes = await asyncio.gather(
            *(self._outcome(twin, case[1]) for twin, case in zip(twins, cases, strict=True))
        )
        after = self._play.snapshot(self._aws)
        shape = self._play.snapshot(self._aws, with_identities=False)
        return [
            Ending(twin, outcome, *(twin.part_of(whole) for whole in (before, after, shape)))
            for twin, outcome in zip(twins, outcomes, strict=True)
        ]

    async def _built(self, stories: list[S]) -> list[AnyTwin]:
        gate = asyncio.Semaphore(_BUILT_AT_ONCE)
        clients = self._lanes.clients

        async def built(number: int, story: S) -> AnyTwin:
            async with gate:
                client = clients[number % len(clients)]
                return await asyncio.to_thread(self._play.build, story, client, self._builder)

        return await asyncio.gather(*(built(*numbered) for numbered in enumerate(stories)))

    async def _outcome(self, twin: AnyTwin, disturbance: Disturbance) -> Outcome | str:
        """Return how a twin ends once it is its turn in its lane."""
        async with self._turns[twin.temporal.namespace]:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    disturbance.begin(twin.deployment_id)
                    outcome = await twin.deploy()
                    has_happened = await disturbance.has_happened(twin.deployment_id)
            except TimeoutError:
                return f"{twin.deployment_id} did not end, or nothing has happened to it"
            except WorkflowFailureError as error:
                return f"{twin.deployment_id} broke: {error.cause!r}"
        return outcome if has_happened else f"nothing has happened to {twin.deployment_id}"
