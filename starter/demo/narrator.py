"""Telling the demo's story while it happens: redrawn on a terminal, one line a change elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.text import Text

from codedeploy.deployment import DeploymentInfo
from starter.client import Rollway
from starter.commands.terminal import Terminal, note
from starter.demo.ledger import Ledger, Second
from starter.demo.plot import HEIGHT, plot_lines, sums_line, turn
from starter.render.canvas import Canvas
from starter.render.changes import changes
from starter.render.deployment import failure_lines, header, watched_view
from starter.render.lines import line

_LOOK_SECONDS = 0.5


class Narrator:
    """Speaks to the person who watches.

    Args:
        terminal: Where a person reads.
        is_aside: Standard output belongs to a program: speak on standard error.
    """

    def __init__(self, terminal: Terminal, *, is_aside: bool) -> None:
        self._terminal = terminal
        self._is_aside = is_aside
        self._ledger: Ledger | None = None

    def say(self, sentence: str) -> None:
        """Tell one thing."""
        if self._is_aside:
            note(sentence)
        else:
            self._terminal.say(sentence)

    @property
    def _is_live(self) -> bool:
        return self._terminal.is_live and not self._is_aside

    @asynccontextmanager
    async def counting(self, ledger: Ledger) -> AsyncIterator[None]:
        """Show for the length of the block what becomes of the customers' requests."""
        self._ledger = ledger
        turns = asyncio.create_task(self._tell_turns(ledger))
        try:
            yield
        finally:
            self._ledger = None
            turns.cancel()
            await asyncio.gather(turns, return_exceptions=True)

    async def _tell_turns(self, ledger: Ledger) -> None:
        """Say what changes for customers, if it is not drawn."""
        before, told = Second(), 0
        while not self._is_live:
            await asyncio.sleep(_LOOK_SECONDS)
            for second in ledger.seconds[told:]:
                for sentence in turn(before, second):
                    self.say(f"  {self._terminal.canvas().now:%H:%M:%S} {sentence}")
                before, told = second, told + 1

    async def watch(self, rollway: Rollway, deployment_id: str) -> Sequence[DeploymentInfo]:
        """Show the deployment and the rollback it sets off to their ends; return them."""
        latest: dict[str, DeploymentInfo] = {}
        if self._is_live:
            await self._redraw(rollway, deployment_id, latest)
        else:
            await self._log(rollway, deployment_id, latest)
        return list(latest.values())

    async def _redraw(
        self, rollway: Rollway, deployment_id: str, latest: dict[str, DeploymentInfo]
    ) -> None:
        with self._terminal.redrawn(lambda canvas: self._view(latest, canvas)) as refresh:
            async for info in rollway.watch(deployment_id):
                latest[info.deployment_id] = info
                refresh()
        canvas = self._terminal.canvas()
        for info in latest.values():
            self._terminal.show([*header(info, canvas), *failure_lines(info, canvas)])

    def _view(self, latest: Mapping[str, DeploymentInfo], canvas: Canvas) -> list[Text]:
        """Return the customers' requests, and the deployment in what room they leave."""
        traffic: list[Text] = []
        if self._ledger is not None:
            plot = plot_lines(self._ledger.seconds, width=canvas.width, height=_plot_height(canvas))
            traffic = [*plot, sums_line(self._ledger), line("")]
        if canvas.height is not None:
            canvas = replace(canvas, height=canvas.height - len(traffic))
        deployment = watched_view(list(latest.values()), canvas) if latest else [line("...")]
        return [*traffic, *deployment]

    async def _log(
        self, rollway: Rollway, deployment_id: str, latest: dict[str, DeploymentInfo]
    ) -> None:
        async for info in rollway.watch(deployment_id):
            before = latest.get(info.deployment_id)
            latest[info.deployment_id] = info
            for sentence in changes(before, info, self._terminal.canvas()):
                self.say(f"  {sentence}")


def _plot_height(canvas: Canvas) -> int:
    """Return the rows of a plot that leaves room for a deployment and its rollback."""
    return HEIGHT if canvas.height is None else min(HEIGHT, max(3, canvas.height // 6))
