"""The process that runs a script and records how it ended, as seen from outside."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_GONE_STATES = ("Z", "X", "x")
_GLANCE_SECONDS = 0.05


@cache
def current_boot_id() -> str:
    """Return the name of the host's current boot."""
    return _BOOT_ID.read_text("ascii").strip()


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
        fields = _read_stat(Path(f"/proc/{self.pid}/stat"))
        if not fields:
            return False
        is_same = int(fields[19]) == self.start_ticks and self.boot_id == current_boot_id()
        return is_same and fields[0] not in _GONE_STATES

    @property
    def age_seconds(self) -> float:
        """How long ago it started, by a clock that neither jumps nor sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.start_ticks / _TICKS_PER_SECOND

    @property
    def has_group(self) -> bool:
        """Whether anybody in its process group still runs (zombies, which linger, do not)."""
        return any(map(self._is_member, Path("/proc").glob("[0-9]*/stat")))

    def _is_member(self, stat: Path) -> bool:
        fields = _read_stat(stat)
        return bool(fields) and int(fields[2]) == self.pid and fields[0] not in _GONE_STATES

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, if anybody is left in it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def reap(self) -> None:
        """Let the kernel forget it, if it was our child and has ended."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


def _read_stat(stat: Path) -> list[str]:
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


async def end_group(runner: Runner, *, grace_seconds: float) -> None:
    """Ask the runner's process group to end; after `grace_seconds` make it."""
    runner.signal_group(signal.SIGTERM)
    try:
        async with asyncio.timeout(grace_seconds):
            await _group_gone(runner)
    except TimeoutError:
        runner.signal_group(signal.SIGKILL)
        await gone(runner)


async def _group_gone(runner: Runner) -> None:
    """Return when nobody is left in the group; from then on its number may mean somebody else."""
    await gone(runner)
    while runner.has_group:  # noqa: ASYNC110 - the kernel tells nobody of a group's end
        await asyncio.sleep(_GLANCE_SECONDS)
