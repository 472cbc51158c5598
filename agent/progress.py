"""How far an install has come, for whoever has to take it back."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def counting(path: Path) -> Iterator[Callable[[int], None]]:
    """Begin a count that outlives this process; what it yields sets it.

    The count is the length of a file, because a file system with a journal does not put a rename
    onto the disk before a change of length that came first. Others may, if the power fails, so a
    count is good for the boot in which it was made.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        yield lambda count: os.ftruncate(descriptor, count)
    finally:
        os.close(descriptor)


def counted(path: Path, otherwise: int) -> int:
    """Return the count, or `otherwise` if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return otherwise
