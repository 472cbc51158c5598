"""The demo's fleet: hosts with an agent process each, and somebody to clean up after them."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

from starter.demo import janitor
from starter.demo.host import DemoHost
from starter.processes import Child, reserve_port
from starter.service import Report, Service

_JANITOR_SECONDS = 10


class DemoHome:
    """The demo's directory; it is removed in the end unless it is kept.

    Attributes:
        path: The directory.
        is_kept: Set it to leave the directory, with its logs, to the person who must find out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_kept = False


@asynccontextmanager
async def demo_home() -> AsyncIterator[DemoHome]:
    """Make a directory for the demo; leave no process and no directory behind."""
    home = DemoHome(_temporary_directory())
    cleaner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", janitor.__name__, str(home.path)),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield home
    finally:
        async with asyncio.timeout(_JANITOR_SECONDS):
            await cleaner.communicate(janitor.KEEP if home.is_kept else b"")


def _temporary_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="rollway-demo-")).resolve()


@asynccontextmanager
async def fleet(
    home: Path, *, size: int, address: str, report: Report
) -> AsyncIterator[Sequence[DemoHost]]:
    """Run `size` hosts, whose agents connect to the Temporal server at `address`."""
    async with AsyncExitStack() as stack:
        reservations = [stack.enter_context(closing(reserve_port())) for _ in range(size)]
        hosts = [
            DemoHost(number, home, reservation.getsockname()[1])
            for number, reservation in enumerate(reservations, start=1)
        ]
        agents = [
            Service(f"Agent of {host.name}", partial(Child.start, host.agent(address)), report)
            for host in hosts
        ]
        stack.push_async_callback(_stop_all, agents)
        for host, agent in zip(hosts, agents, strict=True):
            host.furnish()
            await agent.start()
        yield hosts


async def _stop_all(agents: Sequence[Service]) -> None:
    await asyncio.gather(*(agent.stop() for agent in agents))
