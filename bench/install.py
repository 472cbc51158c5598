"""How long an install takes beside `cp -a`, and beside `tar -xf` and `cp -a`, on the same disk.

    python -m bench.install [--files 20000] [--large-mb 1024] [--rounds 3] [--place DIR]

The figures that count are the ratios, of the best of the rounds. An install is on the disk when it
returns and a copy is not, so each peer runs a second time with a sync at its end. All take turns
at going first, updates come last and small files are not deleted between rounds, because ext4 is
slow to find a free inode for some time after many were freed.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contestants import Agent, Contestant, Peer

_FILES_A_DIRECTORY = 100
_SMALL_BYTES = 1024
_MEGABYTE = 1 << 20

Task = Callable[[Contestant], None]
Tasks = dict[str, Task]
"""By name, in their order; one without a name only prepares the next."""
Figures = dict[tuple[str, str], float]
"""Seconds by task and contestant."""


def _make_small(tree: Path, number: int) -> Path:
    for n in range(number):
        directory = tree / f"d{n // _FILES_A_DIRECTORY}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"f{n}").write_bytes(os.urandom(_SMALL_BYTES))
    return tree


def _make_large(tree: Path, megabytes: int) -> Path:
    tree.mkdir(parents=True)
    with (tree / "large").open("wb") as stream:
        for _ in range(megabytes):
            stream.write(os.urandom(_MEGABYTE))
    return tree


def _fresh(tree: Path) -> list[Tasks]:
    """Return the two ways of bringing a revision to where nothing is yet."""
    bundle = tree.with_suffix(".tar")
    subprocess.run(("tar", "-cf", bundle, "-C", tree, "."), check=True)
    return [
        {"from a bundle": lambda contestant: contestant.unpack_and_copy(bundle)},
        {"from a tree": lambda contestant: contestant.copy(tree)},
    ]


def _small(place: Path, files: int) -> list[Tasks]:
    tree, changed = (_make_small(place / name, files) for name in ("small", "changed"))
    rebuilt = place / "rebuilt"
    subprocess.run(("cp", "-r", tree, rebuilt), check=True)
    updates: Tasks = {
        "": lambda contestant: contestant.copy(tree),
        "over the same, built anew": lambda contestant: contestant.copy(rebuilt),
        "over it, all changed": lambda contestant: contestant.copy(changed),
    }
    return [*_fresh(tree), updates]


def _seconds(task: Task, contestant: Contestant) -> float:
    os.sync()
    began = time.perf_counter()
    task(contestant)
    return time.perf_counter() - began


def _compete(place: Path, tasks: Tasks, turn: int) -> Figures:
    contestants: dict[str, Contestant] = {
        "install": Agent(place / "install"),
        "peer": Peer(place / "peer"),
        "synced": Peer(place / "synced", is_durable=True),
    }
    names = list(contestants)
    order = names[turn % len(names) :] + names[: turn % len(names)]
    return {
        (task, name): _seconds(tasks[task], contestants[name]) for task in tasks for name in order
    }


def _best(place: Path, tasks: Tasks, rounds: int, *, keeps: bool) -> Figures:
    taken: list[Figures] = []
    for turn in range(rounds):
        taken.append(_compete(place / f"round-{turn}", tasks, turn))
        if not keeps:
            shutil.rmtree(place / f"round-{turn}")
    return {key: min(figures[key] for figures in taken) for key in taken[0]}


def _add_rows(table: Table, name: str, best: Figures) -> None:
    for task in dict.fromkeys(task for task, _ in best if task):
        ours, peer, synced = (best[task, each] for each in ("install", "peer", "synced"))
        seconds = (f"{each:.2f}" for each in (ours, peer, synced))
        table.add_row(name, task, *seconds, f"{ours / peer:.2f}", f"{ours / synced:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--large-mb", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--place", help="a directory on the disk to be measured")
    return parser.parse_args()


def main() -> None:
    """Measure and print the table."""
    given = _arguments()
    table = Table("revision", "task", "install s", "peer s", "synced s", "ratio", "ratio synced")
    with tempfile.TemporaryDirectory(dir=given.place) as directory:
        place = Path(directory)
        for tasks in _small(place, given.files):
            best = _best(Path(tempfile.mkdtemp(dir=place)), tasks, given.rounds, keeps=True)
            _add_rows(table, f"{given.files} files of 1 KB", best)
        for tasks in _fresh(_make_large(place / "large", given.large_mb)):
            best = _best(Path(tempfile.mkdtemp(dir=place)), tasks, given.rounds, keeps=False)
            _add_rows(table, f"1 file of {given.large_mb} MB", best)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    Console().print(table, f"peak resident memory of the installs: {peak} MB")


if __name__ == "__main__":
    main()
