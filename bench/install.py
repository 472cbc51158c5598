"""How long an install takes beside `cp -a` of the same tree, on the same disk, in the same run.

    python -m bench.install [--files 20000] [--large-mb 200] [--rounds 3] [--place DIR]

The figure that counts is the ratio: the best of the rounds, install over copy. Nothing is deleted
between rounds and the two take turns at going first, because ext4 is slow to find a free inode for
some seconds after many were freed.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.installer import Installer
from codedeploy.appspec import FileExistsBehavior, FileMapping, ServerAppSpec

_FILES_A_DIRECTORY = 100
_SMALL_BYTES = 1024
_MEGABYTE = 1 << 20
_APPSPEC = ServerAppSpec(os="linux", files=(FileMapping(source="/", destination="/srv/app"),))


def _make_small(tree: Path, number: int) -> None:
    for n in range(number):
        directory = tree / f"d{n // _FILES_A_DIRECTORY}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"f{n}").write_bytes(os.urandom(_SMALL_BYTES))


def _make_large(tree: Path, megabytes: int) -> None:
    tree.mkdir(parents=True)
    with (tree / "large").open("wb") as stream:
        for _ in range(megabytes):
            stream.write(os.urandom(_MEGABYTE))


def _seconds(work: Callable[[], object]) -> float:
    os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _install(tree: Path, place: Path, deployment_id: str) -> None:
    Installer(place / "state", place / "root").install(
        tree,
        _APPSPEC,
        deployment_id=deployment_id,
        file_exists_behavior=FileExistsBehavior.DISALLOW,
    )


def _copy(tree: Path, target: Path) -> tuple[str, ...]:
    return ("cp", "-a", "--remove-destination", f"{tree}/.", os.fspath(target))


def _copy_to_disk(tree: Path, target: Path) -> None:
    """Copy as durably as an install does, whose commit is on the disk when it returns."""
    subprocess.run(_copy(tree, target), check=True)
    subprocess.run(("sync", "-f", os.fspath(target)), check=True)


def _round(tree: Path, place: Path, *, is_copy_first: bool) -> dict[str, float]:
    (place / "root").mkdir(parents=True)
    copy = _copy(tree, place / "copy")
    works: dict[str, Callable[[], object]] = {
        "cp -a": lambda: subprocess.run(copy, check=True),
        "cp -a and sync": lambda: _copy_to_disk(tree, place / "synced"),
        "install": lambda: _install(tree, place, "d-1"),
        "cp -a over itself": lambda: subprocess.run(copy, check=True),
        "install over itself": lambda: _install(tree, place, "d-2"),
    }
    order = sorted(works, key=lambda work: ("over" in work, ("cp" in work) is not is_copy_first))
    return {work: _seconds(works[work]) for work in order}


def _report(name: str, tree: Path, rounds: int) -> None:
    taken = [
        _round(tree, tree.with_name(f"{tree.name}-{number}"), is_copy_first=number % 2 == 0)
        for number in range(rounds)
    ]
    best = {work: min(figures[work] for figures in taken) for work in taken[0]}
    for work, seconds in best.items():
        peer = best["cp -a over itself" if "over" in work else "cp -a"]
        durable = "" if "over" in work else f"{seconds / best['cp -a and sync']:6.2f} x durable"
        print(f"{name:<22} {work:<20} {seconds:8.2f} s {seconds / peer:6.2f} x {durable}")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--large-mb", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--place", help="a directory on the disk to be measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.place) as directory:
        small, large = Path(directory) / "small", Path(directory) / "large"
        _make_small(small, arguments.files)
        _make_large(large, arguments.large_mb)
        _report(f"{arguments.files} files of 1 KB", small, arguments.rounds)
        _report(f"1 file of {arguments.large_mb} MB", large, arguments.rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak resident memory: {peak} MB")


if __name__ == "__main__":
    main()
