"""A child process of the tests that says when it is ready, and does not outlive them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
_TETHER = ROOT / "starter/tether.py"
_START_SECONDS = 30
_GRACE_SECONDS = 5


def tethered(*command: str) -> list[str]:
    """Return a command that runs `command` for as long as this process lives."""
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command]


class Program:
    """A running process, with a directory for its temporary files that goes when it stops.

    The kernel kills it when the thread that started it ends: start it from the main thread.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._home = TemporaryDirectory(prefix="aws-", ignore_cleanup_errors=True)
        self._log = Path(self._home.name) / "output"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                tethered(*command),
                cwd=ROOT,
                env={**os.environ, **environment, "TMPDIR": self._home.name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def until_ready(self, look: Callable[[], str | None]) -> str:
        """Return what `look` finds, as soon as it finds something.

        Raises:
            RuntimeError: It ended, or took too long; the message has its output.
        """
        deadline = time.monotonic() + _START_SECONDS
        while (found := look()) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                why, output = self._why_not_ready(), self.output
                self.stop()
                raise RuntimeError(f"{' '.join(self._command)}: {why}. Its output:\n{output}")
            time.sleep(0.02)
        return found

    def _why_not_ready(self) -> str:
        code = self._process.poll()
        return f"not ready after {_START_SECONDS} s" if code is None else f"ended with code {code}"

    def stop(self) -> None:
        """End it and everything it started, and remove its temporary files."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        # Whatever it started is in its group, and may be there still.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._home.cleanup()
