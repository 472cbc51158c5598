"""What ends a script in the agent's stead: a process that outlives the agent."""

import os
import signal
from contextlib import suppress
from math import ceil
from pathlib import Path

from agent.environment import PATH
from agent.recording import Recording

_PROGRAM = str(Path(__file__).with_name("watch.sh"))
_RESET = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)


class Watch:
    """Ends one script a little after its agent should have, if it still runs then.

    It is to be started before the script, so that there is no moment in which the agent can die and
    leave the script without a limit. It has a session of its own, so that what ends the script's
    process group spares it.
    """

    def __init__(
        self, recording: Recording, *, timeout_seconds: float, grace_seconds: float
    ) -> None:
        self._recording = recording
        self._grace_seconds = ceil(grace_seconds)
        self._seconds = ceil(timeout_seconds) + self._grace_seconds
        self._pid: int | None = None

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: The host cannot start a process now.
        """
        nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        seconds = (str(self._seconds), str(self._grace_seconds))
        self._pid = os.posix_spawn(
            "/bin/sh",
            ("/bin/sh", _PROGRAM, str(self._recording.directory), *seconds),
            {"PATH": PATH},
            file_actions=nowhere,
            setsid=True,
            setsigmask=(),
            setsigdef=_RESET,
        )

    def end(self) -> None:
        """End it: the script has ended, or never began."""
        if self._pid is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        self._pid = None
