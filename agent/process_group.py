"""The processes of a script: a group that its runner leads, and that may outlive it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.environment import PATH
from agent.runners import GONE_STATES, TICKS_PER_SECOND, Runner, current_boot_id, gone, read_stat

_GLANCE_SECONDS = 0.05
_DEATH_SECONDS = 5
_SUDO_SECONDS = 30


@dataclass(frozen=True)
class Process:
    """One that runs.

    Attributes:
        started: On the clock that counts from the boot.
    """

    pid: int
    owner: int
    started: float


def group_of(runner: Runner) -> list[Process]:
    """Return who runs in the runner's process group (zombies, which linger, do not)."""
    return list(_members(runner.pid))


def left_of(runner: Runner, *, since: float) -> list[Process]:
    """Return who is left of the group, though the runner may be gone, and was in it at `since`.

    At that moment the number was the runner's. As long as anybody has it who had it then, the
    kernel gives it to nobody else; otherwise it may mean another group by now.
    """
    if runner.boot_id != current_boot_id():
        return []
    return [process for process in _members(runner.pid) if process.started <= since]


def _members(group: int) -> Iterator[Process]:
    for directory in Path("/proc").glob("[0-9]*"):
        fields = read_stat(directory / "stat")
        if fields and int(fields[2]) == group and fields[0] not in GONE_STATES:
            with suppress(FileNotFoundError):
                owner = directory.stat().st_uid
                yield Process(int(directory.name), owner, int(fields[19]) / TICKS_PER_SECOND)


async def end_group(runner: Runner, *, grace_seconds: float) -> None:
    """Ask all in the runner's process group to end; make those that are left after a while."""
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, _DEATH_SECONDS)):
        await asyncio.to_thread(_send, number, runner.pid)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _group_gone(runner)
                return


async def _group_gone(runner: Runner) -> None:
    """Return when nobody is left in the group; from then on its number may mean somebody else."""
    await gone(runner)
    while group_of(runner):  # noqa: ASYNC110 - the kernel tells nobody of a group's end
        await asyncio.sleep(_GLANCE_SECONDS)


def _send(number: signal.Signals, group: int) -> None:
    """Send a signal to a process group.

    Whom an agent that is not root may not signal was started with sudo, and is sent it with sudo.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    me = os.geteuid()
    others = {process.owner for process in _members(group)} - {me} if me else set()
    for owner in others:
        _send_with_sudo(number, group, owner)


def _send_with_sudo(number: signal.Signals, group: int, owner: int) -> None:
    kill = ("kill", "-s", number.name.removeprefix("SIG"), "--", f"-{group}")
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ("sudo", "-n", "-u", f"#{owner}", "--", *kill),
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SUDO_SECONDS,
            check=False,
        )
