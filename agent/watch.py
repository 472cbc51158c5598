"""What ends a script in the agent's stead: a process that outlives the agent."""

import os
import signal
from contextlib import suppress
from math import ceil
from pathlib import Path

from agent.environment import PATH
from agent.recording import Recording
from agent.runners import Runner

_PROGRAM = str(Path(__file__).with_name("watch.sh"))


class Watch:
    """Ends one script a little after its agent should have, if it still runs then.

    It has a session of its own, so that what ends the script's process group spares it.
    """

    def __init__(
        self, recording: Recording, runner: Runner, *, timeout_seconds: float, grace_seconds: float
    ) -> None:
        self._recording = recording
        self._runner = runner
        self._timeout_seconds = timeout_seconds
        self._grace_seconds = ceil(grace_seconds)
        self._pid: int | None = None

    def start(self) -> None:
        """Start it, once; a host that cannot start a process now does without."""
        if self._pid is not None:
            return
        time_left = max(0, ceil(self._timeout_seconds - self._runner.age_seconds))
        seconds = time_left + self._grace_seconds
        with suppress(OSError):
            self._pid = self._spawn(str(seconds), str(self._grace_seconds))

    def _spawn(self, *seconds: str) -> int:
        nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        who = (str(self._recording.directory), str(self._runner.pid))
        return os.posix_spawn(
            "/bin/sh",
            ("/bin/sh", _PROGRAM, *who, *seconds),
            {"PATH": PATH},
            file_actions=nowhere,
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM),
        )

    def end(self) -> None:
        """End it: the script has ended."""
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
