"""Traffic on its way along a schedule."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from temporalio import workflow

from codedeploy.traffic import Shift, TrafficMove, TrafficProgress
from workflows.gates import Permission

Route = Callable[[int], Awaitable[None]]
"""Gives the replacement so many percent of the traffic, and the original the rest."""


class Shifting:
    """Moves traffic shift by shift, and knows how far it has come.

    Args:
        schedule: What is due when.
        route: Moves the traffic.
        may_start: Asked before each shift, which it may hold back.
        changed: Told at every change.
    """

    def __init__(
        self,
        schedule: tuple[Shift, ...],
        route: Route,
        *,
        may_start: Permission,
        changed: Callable[[], None],
    ) -> None:
        self._route = route
        self._may_start = may_start
        self._changed = changed
        self.progress = TrafficProgress(schedule=schedule)

    async def walk(self) -> None:
        """Move all traffic to the replacement, as the schedule says."""
        due = workflow.now()
        for number, shift in enumerate(self.progress.schedule, 1):
            await self._until(due + shift.wait)
            due = max(due + shift.wait, await self._permitted(number))
            await self._move(shift.percent)

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

    async def _permitted(self, number: int) -> datetime:
        """Return since when the shift may start: later than it was due if somebody held it."""
        asked = workflow.now()
        await self._may_start(number)
        is_held = workflow.now() > asked
        return workflow.now() if is_held else datetime.min.replace(tzinfo=asked.tzinfo)

    async def _move(self, percent: int) -> None:
        await self._route(percent)
        self._note(percent)

    def _note(self, percent: int) -> None:
        move = TrafficMove(time=workflow.now(), percent=percent)
        self._become(moves=(*self.progress.moves, move), next_at=None)

    def _become(self, **changes: object) -> None:
        self.progress = self.progress.model_copy(update=changes)
        self._changed()
