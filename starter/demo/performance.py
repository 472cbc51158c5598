"""The demo from the first process started to the last one stopped."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from codedeploy.deployment import DeploymentInfo
from codedeploy.errors import RollwayError
from starter.client import Rollway
from starter.commands.terminal import Terminal
from starter.control_plane import ControlPlane, Home, control_plane
from starter.demo.customers import REQUESTS_PER_SECOND, customers
from starter.demo.fleet import DemoHome, demo_home, fleet
from starter.demo.host import DemoHost
from starter.demo.ledger import Ledger
from starter.demo.narrator import Narrator
from starter.demo.recap import (
    TRY_AFTERWARDS,
    recap_lines,
    story_document,
    surprises,
    try_while_it_runs,
)
from starter.demo.scenario import (
    STORY,
    Chapter,
    Story,
    Told,
    Traffic,
    apply_manifest,
    tell,
    until_registered,
    where_they_stand,
)
from starter.demo.shop_front import ShopFront, find_haproxy, shop_front
from starter.polling import until_a_worker_polls
from starter.render.documents import OutputFormat, document

_WORKER_PATIENCE = timedelta(seconds=60)
_LAST_LOOK_SECONDS = 2
"""How long customers stay after the last deployment, so that its end is seen."""


class Performance:
    """One run of the demo.

    Args:
        size: How many hosts there are.
        keep: Whether everything stays there until it is interrupted.
        output: How the recap is printed; as a document, everything else goes to standard error.
        traffic: Whether customers ask all the time, through a HAProxy.
    """

    def __init__(self, size: int, *, keep: bool, output: OutputFormat, traffic: bool) -> None:
        self._size = size
        self._keep = keep
        self._traffic = traffic
        self._output = output
        self._terminal = Terminal()
        self._narrator = Narrator(self._terminal, is_aside=output is not OutputFormat.TABLE)
        self._say = self._narrator.say

    async def run(self) -> bool:
        """Return whether it went as told, when nothing of it is left.

        Raises:
            RollwayError: Something it needs is missing or does not start.
        """
        if self._traffic:
            find_haproxy()
        self._say("Starting a Temporal server, a worker and the hosts' agents ...")
        async with demo_home() as home:
            try:
                went_well = await self._on_stage(home.path)
            except RollwayError:
                self._keep_logs(home)
                raise
            if not went_well:
                self._keep_logs(home)
        return went_well

    def _keep_logs(self, home: DemoHome) -> None:
        home.is_kept = True
        self._say(f"What the programs said is in {home.path / 'logs'}")

    async def _on_stage(self, home: Path) -> bool:
        async with control_plane(Home(home), report=self._say) as plane:
            try:
                return await self._with_hosts(home, plane)
            finally:
                self._say("Stopping everything ...")

    async def _with_hosts(self, home: Path, plane: ControlPlane) -> bool:
        rollway = Rollway(plane.client, ui_address=plane.ui_address)
        members = fleet(home, size=self._size, address=plane.address, report=self._say)
        async with members as hosts, self._front_of(hosts, home) as front:
            await until_a_worker_polls(plane.client, patience=_WORKER_PATIENCE)
            await until_registered(rollway, hosts)
            self._say(f"{self._size} hosts are ready. Look on in a browser: {rollway.web_ui()}")
            await apply_manifest(rollway, front.control if front else None)
            told, traffic = await self._chapters(rollway, home, front)
            story = Story(told, await where_they_stand(rollway, hosts), traffic)
            went_well = self._conclude(story)
            await self._end(story, plane, rollway.web_ui())
        return went_well

    @asynccontextmanager
    async def _front_of(
        self, hosts: Sequence[DemoHost], home: Path
    ) -> AsyncIterator[ShopFront | None]:
        """Run what customers come through, if there are to be any."""
        if not self._traffic:
            yield None
            return
        async with shop_front(home, hosts, report=self._say) as front:
            yield front

    async def _chapters(
        self, rollway: Rollway, home: Path, front: ShopFront | None
    ) -> tuple[list[Told], Traffic | None]:
        """Tell the story; customers come as soon as there is a release for them."""
        first, *others = STORY
        told = await self._chapter(first, rollway, home)
        async with self._customers_of(front) as ledger:
            for chapter in others:
                told += await self._chapter(chapter, rollway, home)
        return told, Traffic(front.url, ledger) if front and ledger else None

    async def _chapter(self, chapter: Chapter, rollway: Rollway, home: Path) -> list[Told]:
        async def watch(deployment_id: str) -> Sequence[DeploymentInfo]:
            return await self._narrator.watch(rollway, deployment_id)

        self._say(f"\n{chapter.title}")
        return await tell(rollway, chapter, home, watch)

    @asynccontextmanager
    async def _customers_of(self, front: ShopFront | None) -> AsyncIterator[Ledger | None]:
        if front is None:
            yield None
            return
        self._say(f"\nCustomers come to {front.url}: {REQUESTS_PER_SECOND} requests a second.")
        releases = [chapter.version for chapter in STORY]
        async with customers(front.port, releases) as ledger, self._narrator.counting(ledger):
            yield ledger
            await asyncio.sleep(_LAST_LOOK_SECONDS)

    def _conclude(self, story: Story) -> bool:
        """Print the recap; return whether everything went as told."""
        self._say("")
        if self._output is OutputFormat.TABLE:
            self._terminal.show(recap_lines(story, width=self._terminal.canvas().width))
        else:
            sys.stdout.write(document(story_document(story), self._output))
            sys.stdout.flush()
        unexpected = surprises(story)
        for surprise in unexpected:
            self._say(f"not as told: {surprise}")
        return not unexpected

    async def _end(self, story: Story, plane: ControlPlane, web_ui: str) -> None:
        """Say what to try next; if everything is to stay, wait until somebody interrupts."""
        if not self._keep:
            self._say(f"\nThe Web UI at {web_ui} ends with the demo. Try next:\n{TRY_AFTERWARDS}\n")
            return
        self._say(f"\nWeb UI: {web_ui}\nEverything goes on until Ctrl-C. Try, in another terminal:")
        self._say(try_while_it_runs(story, plane))
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
