"""How long things take when something goes wrong: a stop, a dead worker, a dead agent or server.

    python -m bench.recovery

Each figure is measured once a repetition on a whole Rollway of real processes (6 hosts); the table
shows the median and the largest.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from codedeploy.deployment import InterventionRequest
from starter.service import Service
from tests.end_to_end.machine import HOSTS, Machine, kill, machine, until

Measurement = Callable[[Machine], Awaitable[float]]


async def stop(whole: Machine) -> float:
    """Return the seconds from a stop to the end of the script that runs."""
    deployment_id = await whole.deploy(config="OneAtATime")
    await whole.until_started("host-1")
    script = whole.script_of("host-1")
    began = time.monotonic()
    await whole.rollway.intervene(deployment_id, "stop", InterventionRequest(rollback=False))
    await until(lambda: not script.exists())
    took = time.monotonic() - began
    await whole.ended(deployment_id)
    return took


def after_killing(victim: Callable[[Machine], Service]) -> Measurement:
    """Return the measurement from a kill -9 to the next event of a host, restart included."""

    async def measure(whole: Machine) -> float:
        deployment_id = await whole.deploy()
        for host in HOSTS:
            await whole.until_started(host)
        began = time.monotonic()
        whole.let_go()
        await kill(victim(whole))
        await until(lambda: whole.runs("host-1", deployment_id)["ValidateService"] > 0)
        took = time.monotonic() - began
        await whole.ended(deployment_id)
        return took

    return measure


MEASUREMENTS: dict[str, Measurement] = {
    "stop: until the running script is gone": stop,
    "worker killed: until the next event runs": after_killing(lambda whole: whole.plane.worker),
    "agent killed: until the next event runs": after_killing(lambda whole: whole.agents["host-1"]),
    "server killed: until the next event runs": after_killing(lambda whole: whole.plane.server),
}


async def main(repeats: int) -> None:
    """Measure everything and print the table."""
    table = Table("what", "median s", "largest s", title=f"{repeats} repetitions")
    with tempfile.TemporaryDirectory() as home:
        async with machine(Path(home)) as whole:
            for name, measure in MEASUREMENTS.items():
                times = [await measure(whole) for _ in range(repeats)]
                table.add_row(name, f"{median(times):.2f}", f"{max(times):.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    asyncio.run(main(parser.parse_args().repeats))
