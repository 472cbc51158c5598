"""What writes down a script's output in the agent's stead: a process that outlives the agent.

A script prints into a pipe. Were it the file itself, `echo x >/dev/stderr` would empty that: who
opens a stream by its name opens the file anew.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.environment import PATH
from agent.output import find
from agent.recording import Recording

_PROGRAM = str(Path(__file__).with_name("recorder.sh"))
_APPENDS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_RESET = (signal.SIGPIPE,)
_BLOCK_BYTES = 512
_PIPE_MODE = 0o622
"""A script that runs as somebody else may open the pipe by name, too, and prints only."""

_LONGEST_ARRIVAL_SECONDS = 30
_LONGEST_DRAIN_SECONDS = 1
_FIRST_GLANCE_SECONDS, _LAST_GLANCE_SECONDS = 0.001, 0.05


@dataclass(frozen=True)
class Recorder:
    """A recorder that runs.

    Attributes:
        prints: The descriptor into which the script prints.
    """

    pid: int
    prints: int


@contextmanager
def recorder_of(recording: Recording, *, most_bytes: int) -> Iterator[Recorder]:
    """Start a recorder; it ends when the block and all whom the block gave `prints` have ended.

    It has a session of its own, so that what ends the script's process group spares it.

    Raises:
        OSError: The host cannot start a process now, or the output cannot be written.
    """
    reads, prints = os.pipe()
    try:
        os.fchmod(prints, _PIPE_MODE)
        pid = _spawn(recording, reads, most_bytes=most_bytes)
        _reap_in_time(pid)
        yield Recorder(pid, prints)
    finally:
        os.close(reads)
        os.close(prints)


def _spawn(recording: Recording, reads: int, *, most_bytes: int) -> int:
    blocks = -(-most_bytes // _BLOCK_BYTES)
    return os.posix_spawn(
        "/bin/sh",
        ("/bin/sh", _PROGRAM, str(recording.directory), str(blocks)),
        {"PATH": PATH},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, reads, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(recording.output), _APPENDS, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=_RESET,
    )


def _reap_in_time(child: int) -> None:
    """Let the kernel forget a child when it ends, which may be in a year: a daemon may print."""
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(child)

    def reap() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        with suppress(ChildProcessError):
            os.waitpid(child, os.WNOHANG)

    loop.add_reader(descriptor, reap)


async def until_written(recording: Recording) -> None:
    """Return when all that a script printed until its end is in its file.

    It is known by the mark that the runner prints last. Without a mark, because the runner was
    killed, or without a recorder that could write it down, there is little or nothing to wait for.
    """
    is_marked = recording.end_mark is not None
    patience = _LONGEST_ARRIVAL_SECONDS if is_marked else _LONGEST_DRAIN_SECONDS
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await _until_written(recording)


async def _until_written(recording: Recording) -> None:
    glance, searched = _FIRST_GLANCE_SECONDS, 0
    while not recording.is_cut and recording.has_recorder:
        mark, size = recording.end_mark, recording.written_bytes
        if mark is not None and find(mark, recording.output, since=searched) is not None:
            return
        searched = max(0, size - len(mark or b""))
        await asyncio.sleep(glance)
        glance = min(2 * glance, _LAST_GLANCE_SECONDS)
