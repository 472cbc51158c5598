"""The lock of a root directory: whoever works in it is alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.layout import Layout, make_open
from codedeploy.errors import InvalidInput, Refused


class RootInUse(Refused):
    """Another agent already works in the same root directory."""


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Be the only agent of `root`; the kernel lets go when the process ends, however it ends.

    Raises:
        RootInUse: Another process has it.
        InvalidInput: The directory cannot be made or written to.
    """
    path = Layout(root).lock
    try:
        make_open(root)
        lock = path.open("a+", encoding="ascii")
    except OSError as error:
        raise InvalidInput(
            f"The root directory {root} cannot be used: {error.strerror}. Name another with --root."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RootInUse(_in_use(path)) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _in_use(lock: Path) -> str:
    pid = lock.read_text("ascii").strip()
    return (
        f"Another agent (pid {pid or 'unknown'}) already works in {lock.parent}. "
        "Stop it first, or give this one a root of its own with --root."
    )
