"""Targets at several load balancers at once, of which one refuses."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest
from temporalio.exceptions import ApplicationError

from activities.balancer import Refusals
from activities.traffic_watch import OUT_OF_SERVICE, TrafficWatch
from codedeploy.traffic_control import Reachability, Standing

SECONDS = 20
MOMENT = 0.2


@dataclass
class FakeBalancer:
    """A load balancer with everybody in service, which refuses or takes its time.

    Attributes:
        refuses: Whether it refuses, for good, to take anybody out of service.
        begun: Set when it is told.
        gate: What it waits for then.
        told: Who was taken out of service.
    """

    name: str
    refuses: bool = False
    begun: Event = field(default_factory=Event)
    gate: Event = field(default_factory=Event)
    told: list[str] = field(default_factory=list)

    def standings(self, targets: Sequence[str]) -> dict[str, Standing]:
        return {one: Standing(reachability=Reachability.IN) for one in targets}

    def register(self, targets: Sequence[str]) -> Refusals:
        raise NotImplementedError

    def deregister(self, targets: Sequence[str]) -> Refusals:
        if self.refuses:
            raise ApplicationError("no right", non_retryable=True)
        self.begun.set()
        self.gate.wait(SECONDS)
        self.told += targets
        return {}


async def test_a_refusal_is_heard_when_nothing_is_under_way_any_more() -> None:
    refusing, slow = FakeBalancer("refusing", refuses=True), FakeBalancer("slow")
    watch = TrafficWatch([refusing, slow], OUT_OF_SERVICE, ["i-1"])

    going = asyncio.create_task(watch.go_round())
    await asyncio.to_thread(slow.begun.wait, SECONDS)
    await asyncio.wait({going}, timeout=MOMENT)
    heard_too_early = going.done()
    slow.gate.set()
    with pytest.raises(ApplicationError, match="no right"):
        await going

    assert not heard_too_early
    assert slow.told == ["i-1"]


async def test_a_stop_is_over_when_nothing_is_under_way_any_more() -> None:
    first, second = FakeBalancer("first"), FakeBalancer("second")
    watch = TrafficWatch([first, second], OUT_OF_SERVICE, ["i-1"])
    going = asyncio.create_task(watch.go_round())
    for one in (first, second):
        await asyncio.to_thread(one.begun.wait, SECONDS)

    going.cancel()
    first.gate.set()
    await asyncio.wait({going}, timeout=MOMENT)
    second.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await going

    assert second.told == ["i-1"]
