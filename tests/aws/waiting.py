"""Waiting for what becomes true, as every poller of AWS does."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.02


def until(look: Callable[[], Found], *, seconds: float = PATIENCE_SECONDS) -> Found:
    """Return what `look` finds, as soon as it is true.

    Raises:
        AssertionError: It did not become true; the message has what was found last.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds:g} s; found {found!r}")
        time.sleep(_PAUSE_SECONDS)
    return found
