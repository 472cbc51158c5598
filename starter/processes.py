"""Child processes that end with us, and free ports for them."""

import asyncio
import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_TETHER = Path(__file__).with_name("tether.py")
_LOOPBACK = "127.0.0.1"
_TAIL_BYTES = 4096
_BELOW_EPHEMERAL = range(20_000, 32_000)
"""Ports that the kernel does not hand out to outgoing connections by default."""


@dataclass(frozen=True)
class Program:
    """A program to start.

    Attributes:
        name: What people call it.
        command: The path of the executable, and its arguments.
        log: The file its output is appended to.
        environment: Variables beside our own, of which those that configure Temporal's clients are
            left out: our children are told by flags.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """A running program, in a session of its own.

    A Ctrl-C at the terminal does not reach it: we decide what stops when. On Linux it is killed
    by the kernel when we end without having stopped it.
    """

    def __init__(
        self, program: Program, process: asyncio.subprocess.Process, *, log_offset: int
    ) -> None:
        self.program = program
        self._process = process
        self._log_offset = log_offset

    @classmethod
    async def start(cls, program: Program, *, keep_open: Sequence[int] = ()) -> "Child":
        """Start `program`; it also gets the file descriptors of `keep_open`."""
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            offset = log.tell()  # Before it writes: the position is the program's, too.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *program.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_own_environment(), **program.environment},
                start_new_session=True,
                pass_fds=keep_open,
            )
        return cls(program, process, log_offset=offset)

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it has ended; return its exit code, negative for a signal."""
        return await self._process.wait()

    async def stop(self, *, grace_seconds: float = 15) -> None:
        """Ask it to stop, and kill its process group if it has not within `grace_seconds`."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(grace_seconds):
                await self.ended()
        except TimeoutError:
            self._kill_group()
            await self.ended()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def last_lines(self, count: int = 5) -> str:
        """Return the last lines it has written to its log."""
        with self.program.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_offset, end - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-count:])


def _own_environment() -> dict[str, str]:
    """Return our environment without Temporal's settings: those are about another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    return kept | {"TEMPORAL_CONFIG_FILE": os.devnull}


def free_port() -> int:
    """Return a port of this machine that nobody uses now; this process was not given it before.

    Somebody may take it before it is used: whoever uses it must be ready to try another.
    """
    return next(port for port in itertools.islice(_candidates(), 100) if is_free(port))


@cache
def _candidates() -> Iterator[int]:
    """Return the ports in an order of this process, over and over."""
    return itertools.cycle(random.sample(_BELOW_EPHEMERAL, len(_BELOW_EPHEMERAL)))


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def reserve_port() -> socket.socket:
    """Return a socket that keeps its port free for programs that share ports (`SO_REUSEPORT`).

    It never listens, so connections go to the program. Nobody else can bind the port until the
    socket is closed.
    """
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reservation.bind((_LOOPBACK, 0))
    return reservation
