"""Following a deployment, and the rollback it sets off, to the end: redrawn, or line by line."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from codedeploy.deployment import DeploymentInfo
from codedeploy.target import TargetResult
from starter.commands.session import Session
from starter.commands.terminal import Terminal, note
from starter.render.canvas import Canvas
from starter.render.changes import changes
from starter.render.deployment import watched_view
from starter.render.documents import OutputFormat
from starter.render.lines import line
from starter.render.recap import MOST_HOSTS, Ended, recap
from starter.render.traffic import is_shifting

if TYPE_CHECKING:
    from starter.client import Rollway

LEFT = "left watching; the deployment goes on. Take it up again: rollway status {} --watch"


async def follow(
    session: Session, deployment_id: str, output: OutputFormat = OutputFormat.TABLE
) -> Sequence[DeploymentInfo]:
    """Show the deployment and the rollback it sets off until both have ended; return them.

    As a table on a terminal it is redrawn in place; else there is one line a change. A document
    is printed at the end, and the lines go to standard error.
    """
    rollway = await session.rollway()
    show = _redraw if output is OutputFormat.TABLE and session.terminal.is_live else _log
    say = session.terminal.say if output is OutputFormat.TABLE else note
    story = Story(deployment_id)
    try:
        await show(rollway, story, session.terminal, say)
    except asyncio.CancelledError:
        note(LEFT.format(deployment_id))
        raise
    ended = [Ended(info, await _targets(rollway, info)) for info in story.sections]
    canvas = session.terminal.canvas()
    session.terminal.answer({"deployments": story.sections}, output, lambda: recap(ended, canvas))
    return story.sections


class Story:
    """The latest look at each deployment that was watched, in the order of their appearance."""

    def __init__(self, deployment_id: str) -> None:
        self.deployment_id = deployment_id
        self._latest: dict[str, DeploymentInfo] = {}

    @property
    def sections(self) -> list[DeploymentInfo]:
        """The deployment that was asked for, then its rollback."""
        return list(self._latest.values())

    def tell(self, info: DeploymentInfo) -> DeploymentInfo | None:
        """Take in `info`; return the look before it, if there was one."""
        before = self._latest.get(info.deployment_id)
        self._latest[info.deployment_id] = info
        return before

    def view(self, canvas: Canvas) -> list[Text]:
        """Return what a terminal shows now."""
        if not self._latest:
            return [line(f"{self.deployment_id}: asking")]
        return watched_view(self.sections, canvas)


async def _redraw(
    rollway: "Rollway", story: Story, terminal: Terminal, _: Callable[[str], None]
) -> None:
    with terminal.redrawn(story.view) as refresh:
        async for info in rollway.watch(story.deployment_id):
            story.tell(info)
            refresh()


async def _log(
    rollway: "Rollway", story: Story, terminal: Terminal, say: Callable[[str], None]
) -> None:
    async for info in rollway.watch(story.deployment_id):
        for sentence in changes(story.tell(info), info, terminal.canvas()):
            say(sentence)


async def _targets(rollway: "Rollway", info: DeploymentInfo) -> tuple[TargetResult, ...]:
    """Return the hosts of a fleet that is small enough to name them."""
    if info.fleet_size > MOST_HOSTS or is_shifting(info):
        return ()
    return tuple(await rollway.targets(info.deployment_id))
