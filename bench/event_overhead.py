"""What a lifecycle event of a host takes beyond its script, and how fast a script may print.

    python -m bench.event_overhead [--events 100] [--rounds 5] [--megabytes 100] [--place DIR]

The same scripts are started by turns by an agent, which journals, records and watches them, and by
nobody but a parent that waits for them, with their output in a file.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site

EVENTS = (
    LifecycleEvent.BEFORE_INSTALL,
    LifecycleEvent.AFTER_INSTALL,
    LifecycleEvent.APPLICATION_START,
    LifecycleEvent.VALIDATE_SERVICE,
)
_MEGABYTE = 1_000_000


class Host:
    """A host to which one revision was downloaded, whose scripts all do the same.

    Args:
        place: A directory of its own.
        script: What they do, in lines of the shell.
    """

    def __init__(self, place: Path, script: str) -> None:
        place.mkdir()
        self._site = Site(place)
        self._revision = self._site.revision("v1", dict.fromkeys(EVENTS, script))
        self._deployments = 0

    async def run_events(self, events: tuple[LifecycleEvent, ...]) -> float:
        """Return the seconds that the agent takes for `events` of a new deployment."""
        self._deployments += 1
        name = f"d-{self._deployments}"
        await self._run(name, (LifecycleEvent.DOWNLOAD_BUNDLE,))
        began = time.perf_counter()
        await self._run(name, events)
        return time.perf_counter() - began

    async def _run(self, name: str, events: tuple[LifecycleEvent, ...]) -> None:
        command = self._site.command(
            self._revision, name, events=events, completes_deployment=False
        )
        segment = self._site.host.take_up(command)
        with segment.watched():
            outcome = await segment.task
        assert outcome.failure is None, outcome.failure

    def run_alone(self, event: LifecycleEvent) -> float:
        """Return the seconds that the script of `event` takes by itself."""
        script = self._site.deployment(f"d-{self._deployments}").archive / f"{event}.sh"
        output = (os.POSIX_SPAWN_OPEN, 1, f"{script}.output", os.O_WRONLY | os.O_CREAT, 0o600)
        began = time.perf_counter()
        child = os.posix_spawn(script, [str(script)], {"PATH": "/bin"}, file_actions=[output])
        os.waitpid(child, 0)
        return time.perf_counter() - began


async def overhead(place: Path, *, events: int, rounds: int) -> Table:
    """Compare events whose scripts do nothing with their scripts alone."""
    host = Host(place / "quick", "exit 0")
    with_agent, alone = [], []
    for _ in range(rounds * events // len(EVENTS)):
        with_agent.append(await host.run_events(EVENTS) / len(EVENTS))
        alone.append(sum(map(host.run_alone, EVENTS)) / len(EVENTS))
    beyond = [one - other for one, other in zip(with_agent, alone, strict=True)]
    result = Table("", "best ms", "median ms", title=f"{rounds * events} events")
    for name, taken in (
        ("an event whose script does nothing", with_agent),
        ("the script alone", alone),
        ("the difference", beyond),
    ):
        result.add_row(name, f"{1000 * min(taken):.1f}", f"{1000 * median(taken):.1f}")
    return result


async def printing(place: Path, *, megabytes: int, rounds: int) -> Table:
    """Compare a script that prints much with the same one whose output is a file."""
    host = Host(place / "much", f"head -c {megabytes * _MEGABYTE} /dev/zero")
    with_agent = [await host.run_events(EVENTS[:1]) for _ in range(rounds)]
    alone = [host.run_alone(EVENTS[0]) for _ in range(rounds)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result = Table("", "best s", "median s", title=f"{megabytes} MB of output; peak RSS {peak} MB")
    for name, taken in (("by the agent", with_agent), ("the script alone", alone)):
        result.add_row(name, f"{min(taken):.2f}", f"{median(taken):.2f}")
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100, help="in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--place", help="a directory on the disk to be measured")
    return parser.parse_args()


async def main() -> None:
    """Measure and print the tables."""
    given = _arguments()
    with tempfile.TemporaryDirectory(dir=given.place) as directory:
        place = Path(directory)
        tables = (
            await overhead(place, events=given.events, rounds=given.rounds),
            await printing(place, megabytes=given.megabytes, rounds=given.rounds),
        )
    Console().print(*tables)


if __name__ == "__main__":
    asyncio.run(main())
