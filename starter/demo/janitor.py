"""Ends what the scripts of the demo's hosts have left running, however the demo ends.

    python -m starter.demo.janitor HOME

A deployed application outlives its agent, as it should; the demo's applications must not outlive
the demo. The janitor waits until its standard input is closed, which the kernel does even if the
demo is killed, ends every process that carries the demo's mark in its environment, and removes
the demo's directory unless it was told `keep`.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MARK = "ROLLWAY_DEMO"
KEEP = b"keep"

_GRACE_SECONDS = 2.0
_CALM_SECONDS = 0.2


def marked(home: Path) -> list[int]:
    """Return the processes whose environment carries the mark of the demo in `home`."""
    mark = f"{MARK}={home}".encode()
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if mark in _variables(entry)]


def _variables(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # It has ended, or belongs to somebody else.
        return []


def sweep(home: Path) -> None:
    """End every marked process: TERM first, KILL for those that stay."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and _signal_all(home, signal.SIGTERM):
        time.sleep(_CALM_SECONDS)
    while _signal_all(home, signal.SIGKILL):
        time.sleep(_CALM_SECONDS)


def _signal_all(home: Path, number: signal.Signals) -> bool:
    """Send a signal to all marked processes; return whether there were any."""
    found = marked(home)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(found)


def main(home: Path, wait: Callable[[], bytes] = sys.stdin.buffer.read) -> None:
    """Wait for the demo's end, then clean up."""
    wish = wait()
    sweep(home)
    if wish != KEEP:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
