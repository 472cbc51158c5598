"""The process that runs a script and records how it ended, as seen from outside."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
GONE_STATES = ("Z", "X", "x")
"""Of a process that the kernel has yet to forget."""


@cache
def current_boot_id() -> str:
    """Return the name of the host's current boot."""
    return _BOOT_ID.read_text("ascii").strip()


def boot_clock() -> float:
    """Return the seconds since the boot: a clock that neither jumps nor sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Runner:
    """The shell that runs a script and leads its session, named so that no other can be meant.

    Attributes:
        pid: Also the id of its process group and session.
        start_ticks: When it started, in clock ticks since the boot; guards against a reused pid.
    """

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def parse(cls, mark: str) -> Self:
        """Return the runner that wrote `mark`: a boot id and the line of its /proc/PID/stat."""
        boot_id, stat = mark.split(" ", 1)
        return cls(int(stat.split(" ", 1)[0]), int(_stat_fields(stat)[19]), boot_id)

    @classmethod
    def of(cls, child: int) -> Self:
        """Return the runner that is our own child, running or not yet reaped."""
        return cls.parse(f"{current_boot_id()} {Path(f'/proc/{child}/stat').read_text('ascii')}")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        return self._state not in (None, *GONE_STATES)

    @property
    def is_known(self) -> bool:
        """Whether it runs or is a zombie: its number means nobody else then."""
        return self._state is not None

    @property
    def _state(self) -> str | None:
        fields = read_stat(Path(f"/proc/{self.pid}/stat"))
        if not fields or self.boot_id != current_boot_id():
            return None
        return fields[0] if int(fields[19]) == self.start_ticks else None

    @property
    def started(self) -> float:
        """When it started, on the clock that counts from the boot."""
        return self.start_ticks / TICKS_PER_SECOND

    @property
    def age_seconds(self) -> float:
        """How long ago it started."""
        return boot_clock() - self.started

    def reap(self) -> None:
        """Let the kernel forget it, if it was our child and has ended."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


def read_stat(stat: Path) -> list[str]:
    """Return the fields of a /proc/PID/stat from the process's state on; none if it is gone."""
    try:
        return _stat_fields(stat.read_text("utf-8", "replace"))
    except (FileNotFoundError, ProcessLookupError):
        return []


def _stat_fields(stat: str) -> list[str]:
    """Return the fields after the command name, which may itself hold blanks and brackets."""
    return stat.rpartition(") ")[2].split()


async def gone(runner: Runner) -> None:
    """Return when `runner` has ended, whether it was our child or an earlier agent's."""
    try:
        descriptor = os.pidfd_open(runner.pid)
    except ProcessLookupError:
        return
    try:
        # Only now is it certain that the descriptor means this runner and no later namesake.
        if runner.is_alive:
            await _readable(descriptor)
    finally:
        os.close(descriptor)
        runner.reap()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
