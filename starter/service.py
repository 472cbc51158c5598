"""A child process that is started again whenever it ends, until it is stopped."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from codedeploy.errors import RollwayError
from starter.processes import Child

Report = Callable[[str], None]
"""Tells the person at the terminal one thing that happened."""

_PAUSE_SECONDS = 0.5


class Service:
    """A program that must be there: when it ends, another takes its place within a second.

    Attributes:
        name: What people call it.
    """

    def __init__(self, name: str, start: Callable[[], Awaitable[Child]], report: Report) -> None:
        self.name = name
        self._start_child = start
        self._report = report
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the present child."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start it for the first time; if that fails, nothing is left and nothing is retried."""
        self._child = await self._start_child()
        self._keeper = asyncio.create_task(self._keep(self._child))

    async def stop(self) -> None:
        """Stop it for good, within seconds."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._child is not None:
            await self._child.stop()

    async def _keep(self, child: Child) -> None:
        while True:
            code = await child.ended()
            self._report(f"{self.name} {_how(child, code)}; starting it again.")
            child = self._child = await self._start_again()

    async def _start_again(self) -> Child:
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                return await self._start_child()
            except RollwayError as error:
                self._report(error.message)


def _how(child: Child, code: int) -> str:
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    last_line = child.last_lines(1) or "none"
    return f"ended (exit code {code}; last line in {child.program.log}: {last_line})"
