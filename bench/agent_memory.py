"""What one real agent process takes while it has nothing to do.

python -m bench.agent_memory [--seconds 20]
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rig import Meter
from starter.client import Rollway
from starter.control_plane import Home, control_plane
from starter.processes import Child, Program
from starter.server import NAMESPACE

IDLE_SECONDS = 20
_SETTLING_SECONDS = 2


@dataclass(frozen=True)
class Idle:
    """An agent process, looked at while it waits for work.

    Attributes:
        own_mb: The part of its resident memory that no other process shares.
        cpu_percent: Of one processor.
    """

    resident_mb: float
    own_mb: float
    threads: int
    cpu_percent: float


async def measure(seconds: float = IDLE_SECONDS) -> Idle:
    """Run a server, a worker and one agent, and look at the agent for so long."""
    with tempfile.TemporaryDirectory(prefix="rollway-bench-") as directory:
        home = Path(directory)
        async with control_plane(Home(home), report=print) as plane:
            agent = await _start_agent(home, plane.address)
            try:
                await _until_registered(Rollway(plane.client), agent)
                await asyncio.sleep(_SETTLING_SECONDS)
                return await _observe(Meter.of(agent.pid), seconds)
            finally:
                await agent.stop()


async def _start_agent(home: Path, address: str) -> Child:
    command = (
        *(sys.executable, "-P", "-m", "agent.cli", "run", "--name", "idle"),
        *("--root", str(home / "agent"), "--destination-root", str(home / "root")),
        *("--address", address, "--namespace", NAMESPACE),
    )
    return await Child.start(Program("agent", command, home / "logs" / "agent.log"))


async def _until_registered(rollway: Rollway, agent: Child) -> None:
    while not any(one.last_seen for one in await rollway.instances()):
        if not agent.is_running:
            raise RuntimeError(f"The agent has ended: {agent.last_lines()}")
        await asyncio.sleep(0.1)


async def _observe(agent: Meter, seconds: float) -> Idle:
    before = agent.cpu_seconds
    await asyncio.sleep(seconds)
    return Idle(
        resident_mb=agent.resident_mb,
        own_mb=agent.own_mb,
        threads=agent.process.num_threads(),
        cpu_percent=100 * (agent.cpu_seconds - before) / seconds,
    )


def table(idle: Idle) -> Table:
    """Return the figures as a table."""
    result = Table("resident MB", "of it unshared", "threads", "CPU %", title="One idle agent")
    result.add_row(
        f"{idle.resident_mb:.0f}",
        f"{idle.own_mb:.0f}",
        f"{idle.threads}",
        f"{idle.cpu_percent:.1f}",
    )
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=IDLE_SECONDS)
    Console().print(table(asyncio.run(measure(parser.parse_args().seconds))))
