"""Getting what was written onto the disk: large files early, many small ones in one sweep.

To sync 20,000 files one by one takes longer than to copy them; to sync a whole file system writes
down what others have written there, too. So a few changes are synced each, and many in one sweep.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH112, PTH116

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from agent.linux import sync_file_system

FEW = 64


def sync_directories(directories: Iterable[str]) -> None:
    """Make what has changed in directories durable; one that is gone by now is left out."""
    there = {directory for directory in directories if os.path.isdir(directory)}
    if len(there) > FEW:
        with _file_systems(there) as sweep:
            sweep()
        return
    for directory in there:
        with _opened(directory) as descriptor:
            os.fsync(descriptor)


class Durability:
    """How the changes of one install get onto the disk.

    Args:
        directories: All in which something changes.
        is_swept: There are so many small files that they are synced together.
        sweep: Does that.
    """

    def __init__(
        self, directories: Collection[str], *, is_swept: bool, sweep: Callable[[], None]
    ) -> None:
        self._directories = directories
        self._is_swept = is_swept
        self._sweep = sweep

    def wrote(self, descriptor: int) -> None:
        """Take note that a file is written."""
        if not self._is_swept:
            os.fsync(descriptor)

    def finish(self) -> None:
        """Return when everything is on the disk."""
        if self._is_swept:
            self._sweep()
        else:
            sync_directories(self._directories)


@contextmanager
def durability(directories: Collection[str], *, small_files: int) -> Iterator[Durability]:
    """Prepare for changes in directories, of which those yet to be made may be missing.

    Opened before the first change, because the kernel reports that it could not write only to
    those who had the file system open when it happened.
    """
    with _file_systems(filter(os.path.isdir, directories)) as sweep:
        yield Durability(directories, is_swept=small_files > FEW, sweep=sweep)


@contextmanager
def _file_systems(directories: Iterable[str]) -> Iterator[Callable[[], None]]:
    """Open the file systems on which directories are; what it yields syncs them."""
    with ExitStack() as opened:
        descriptors: dict[int, int] = {}
        for directory in directories:
            device = os.stat(directory).st_dev
            if device not in descriptors:
                descriptors[device] = opened.enter_context(_opened(directory))
        yield lambda: _sync(descriptors.values())


@contextmanager
def _opened(directory: str) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        sync_file_system(descriptor)
