"""Telling the demo's story while it happens: redrawn on a terminal, one line a change elsewhere."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.deployment import DeploymentInfo
from starter.client import Rollway
from starter.commands.terminal import Terminal, note
from starter.render.canvas import Canvas
from starter.render.changes import changes
from starter.render.deployment import failure_lines, header, watched_view
from starter.render.lines import line


class Narrator:
    """Speaks to the person who watches.

    Args:
        terminal: Where a person reads.
        is_aside: Standard output belongs to a program: speak on standard error.
    """

    def __init__(self, terminal: Terminal, *, is_aside: bool) -> None:
        self._terminal = terminal
        self._is_aside = is_aside

    def say(self, sentence: str) -> None:
        """Tell one thing."""
        if self._is_aside:
            note(sentence)
        else:
            self._terminal.say(sentence)

    async def watch(self, rollway: Rollway, deployment_id: str) -> Sequence[DeploymentInfo]:
        """Show the deployment and the rollback it sets off to their ends; return them."""
        latest: dict[str, DeploymentInfo] = {}
        if self._terminal.is_live and not self._is_aside:
            await self._redraw(rollway, deployment_id, latest)
        else:
            await self._log(rollway, deployment_id, latest)
        return list(latest.values())

    async def _redraw(
        self, rollway: Rollway, deployment_id: str, latest: dict[str, DeploymentInfo]
    ) -> None:
        def view(canvas: Canvas) -> list[Text]:
            return watched_view(list(latest.values()), canvas) if latest else [line("...")]

        with self._terminal.redrawn(view) as refresh:
            async for info in rollway.watch(deployment_id):
                latest[info.deployment_id] = info
                refresh()
        canvas = self._terminal.canvas()
        for info in latest.values():
            self._terminal.show([*header(info, canvas), *failure_lines(info, canvas)])

    async def _log(
        self, rollway: Rollway, deployment_id: str, latest: dict[str, DeploymentInfo]
    ) -> None:
        async for info in rollway.watch(deployment_id):
            before = latest.get(info.deployment_id)
            latest[info.deployment_id] = info
            for sentence in changes(before, info, self._terminal.canvas()):
                self.say(f"  {sentence}")
