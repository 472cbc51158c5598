"""Targets on their way out of service, or into it, at several load balancers at once."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio.exceptions import ApplicationError

from activities.balancer import Balancer, Refusals
from activities.liveness import unbroken_on_own_thread
from codedeploy.traffic_control import Reachability, Standing, TrafficReport


@dataclass(frozen=True)
class Aim:
    """Where targets shall be, and how they get there.

    Attributes:
        on_the_way: Who stands so needs nothing but time.
        tell: Asks a load balancer for it; who stands so already is left alone.
    """

    reached: Reachability
    on_the_way: frozenset[Reachability]
    tell: Callable[[Balancer, Sequence[str]], Refusals]

    def needs_telling(self, standing: Standing) -> bool:
        """Whether nothing will happen by itself."""
        rests = {self.reached, Reachability.UNKNOWN, *self.on_the_way}
        return standing.reachability not in rests


OUT_OF_SERVICE = Aim(
    reached=Reachability.OUT,
    on_the_way=frozenset({Reachability.DRAINING}),
    tell=lambda balancer, targets: balancer.deregister(targets),
)
IN_SERVICE = Aim(
    reached=Reachability.IN,
    on_the_way=frozenset({Reachability.STARTING, Reachability.FAILING}),
    tell=lambda balancer, targets: balancer.register(targets),
)


@dataclass
class _Post:
    """One of the load balancers, and what it said last.

    Attributes:
        trouble: Why it said nothing.
    """

    balancer: Balancer
    seen: dict[str, Standing] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def look(self, targets: Sequence[str]) -> None:
        self.seen = {}
        self.seen = self.balancer.standings(targets)
        self.trouble = ""

    def tell(self, aim: Aim, targets: Sequence[str]) -> None:
        seen = {target: self.seen[target] for target in targets if target in self.seen}
        lost = [target for target, one in seen.items() if aim.needs_telling(one)]
        if lost:
            self.refused |= aim.tell(self.balancer, lost)
            self.seen |= self.balancer.standings(lost)

    def objection(self, target: str) -> str:
        """Return why a target will never get where it shall be; empty if it may."""
        standing = self.seen.get(target)
        if standing and standing.reachability is Reachability.UNKNOWN:
            return self._says(standing.reason)
        return self._says(self.refused[target]) if target in self.refused else ""

    def complaint(self, target: str, aim: Aim) -> str:
        """Return why a target is not yet where it shall be; empty if it is."""
        standing = self.seen.get(target)
        if standing is None or self.trouble:
            return self._says(self.trouble or "It was not asked in time.")
        if standing.reachability is aim.reached:
            return ""
        return self._says(standing.reason or standing.reachability)

    def _says(self, words: str) -> str:
        return f"{self.balancer.name}: {words}"


class TrafficWatch:
    """Brings targets where they shall be at all of the load balancers.

    A target is there when all of them say so in the same round.

    Attributes:
        under_way: Those that are not there, and may get there.
    """

    def __init__(self, balancers: Iterable[Balancer], aim: Aim, targets: Iterable[str]) -> None:
        self._posts = [_Post(balancer) for balancer in balancers]
        self._aim = aim
        self._ended: dict[str, datetime] = {}
        self._failures: dict[str, str] = {}
        self.under_way = list(dict.fromkeys(targets))

    async def go_round(self) -> None:
        """Look, and tell the load balancers to move those who are where they were.

        A load balancer that is too busy to answer is asked again in the next round.

        Raises:
            ApplicationError: One of them cannot be asked at all. In the first round, that is
                before any of them has been told anything.
        """
        await self._at_each(lambda post: post.look(self.under_way))
        self._settle_all()
        await self._at_each(lambda post: post.tell(self._aim, self.under_way))
        self._settle_all()

    def report(self) -> TrafficReport:
        """Return what has become of each target; who is under way has failed."""
        late = {
            target: "; ".join(filter(None, (self._complaints(target)))) for target in self.under_way
        }
        return TrafficReport(ended=self._ended, failures=self._failures | late)

    async def _at_each(self, work: Callable[[_Post], None]) -> None:
        """Do `work` at all load balancers at once.

        Whoever hears of a refusal or is cancelled puts things back: no call may be under way then.
        """
        told = (_patiently(work, post) for post in self._posts)
        for outcome in await asyncio.gather(*told, return_exceptions=True):
            if outcome is not None:
                raise outcome

    def _settle_all(self) -> None:
        for target in self.under_way:
            self._settle(target)
        settled = {*self._ended, *self._failures}
        self.under_way = [target for target in self.under_way if target not in settled]

    def _settle(self, target: str) -> None:
        objections = [post.objection(target) for post in self._posts]
        if any(objections):
            self._failures[target] = "; ".join(filter(None, objections))
        elif not any(self._complaints(target)):
            self._ended[target] = datetime.now(UTC)

    def _complaints(self, target: str) -> list[str]:
        return [post.complaint(target, self._aim) for post in self._posts]


async def _patiently(work: Callable[[_Post], None], post: _Post) -> None:
    try:
        await unbroken_on_own_thread(lambda: work(post))
    except ApplicationError as error:
        if error.non_retryable:
            raise
        post.trouble = error.message
