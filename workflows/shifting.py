"""Traffic on its way along a schedule."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from temporalio import workflow

from codedeploy.traffic import Shift, TrafficMove, TrafficProgress
from workflows.gates import Permission

Route = Callable[[int], Awaitable[None]]
"""Gives the replacement so many percent of the traffic, and the original the rest."""

TOLERANCE = 1 / 10
"""The part of an interval by which a shift may be late without moving those behind it."""


class Shifting:
    """Moves traffic shift by shift, and knows how far it has come.

    The interval between two shifts is kept: who has been held back, or was overdue because nobody
    worked, is not followed at once by the next.

    Args:
        schedule: What is due when.
        route: Moves the traffic.
        may_start: Asked before each shift, which it may hold back.
        look_around: Called before a late shift: nobody may have watched meanwhile.
        changed: Told at every change.
    """

    def __init__(
        self,
        schedule: tuple[Shift, ...],
        route: Route,
        *,
        may_start: Permission,
        look_around: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._route = route
        self._may_start = may_start
        self._look_around = look_around
        self._changed = changed
        self.progress = TrafficProgress(schedule=schedule)

    async def walk(self) -> None:
        """Move all traffic to the replacement, as the schedule says."""
        due = workflow.now()
        for number, shift in enumerate(self.progress.schedule, 1):
            due += shift.wait
            await self._until(due)
            await self._may_start(number)
            if self._is_late(due):
                await self._look_around()
            await self._move(shift.percent)
            if self._is_late(due):
                due = workflow.now()

    async def put_back(self) -> None:
        """Give everything to the original at once."""
        await self._route(0)
        self._note(0)

    async def _until(self, due: datetime) -> None:
        left = (due - workflow.now()).total_seconds()
        if left <= 0:
            return
        self._become(next_at=due)
        await asyncio.sleep(left)
        self._become(next_at=None)

    def _is_late(self, due: datetime) -> bool:
        interval = self.progress.schedule[-1].wait
        return workflow.now() - due > TOLERANCE * interval

    async def _move(self, percent: int) -> None:
        await self._route(percent)
        self._note(percent)

    def _note(self, percent: int) -> None:
        move = TrafficMove(time=workflow.now(), percent=percent)
        self._become(moves=(*self.progress.moves, move), next_at=None)

    def _become(self, **changes: object) -> None:
        self.progress = self.progress.model_copy(update=changes)
        self._changed()
