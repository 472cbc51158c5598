"""The open files that an agent was started with, which are no business of its scripts."""

import os
from contextlib import suppress
from pathlib import Path

_STANDARD = range(3)


def keep_from_scripts() -> None:
    """See to it that what the agent starts gets none of its open files but the standard ones.

    Of these a missing one is opened on nothing, so that no file of the agent's takes its number.
    """
    for number in _STANDARD:
        _provide(number)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are all that is wanted
        if int(name) not in _STANDARD:
            with suppress(OSError):  # The one through which they were listed is closed by now.
                os.set_inheritable(int(name), False)


def _provide(number: int) -> None:
    if Path(f"/proc/self/fd/{number}").exists():
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, number)
    if nothing != number:
        os.close(nothing)
