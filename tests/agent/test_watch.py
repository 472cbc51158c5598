"""Scripts whose agent never comes back."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.interruption import Interrupted, Interruption, Wish
from agent.recording import EndedBy
from agent.runners import Runner
from agent.scripts import Limits
from agent.watch import Watch
from codedeploy.lifecycle import LifecycleErrorCode
from tests.agent.site import until
from tests.agent.test_scripts import Stage

SHORT = Limits(timeout_seconds=1, grace_seconds=0.3)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def sleeper() -> Iterator[Runner]:
    """A process that leads a group of its own and is no script."""
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setsid=True)
    yield Runner.of(pid)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


async def left(stage: Stage, body: str) -> Runner:
    """Start a script and leave it for good."""
    stage.write(f"#!/bin/sh\n{body}\n")
    interruption = Interruption()
    running = asyncio.create_task(stage.run(limits=SHORT, interruption=interruption))
    await until(lambda: stage.recording.runner is not None)
    interruption.speak(Wish.LEAVE)
    with pytest.raises(Interrupted):
        await running
    runner = stage.recording.runner
    assert runner is not None
    return runner


async def test_a_script_ends_when_its_time_is_over_though_no_agent_is_left(stage: Stage) -> None:
    runner = await left(stage, "sleep 60")

    await until(lambda: not runner.is_alive)

    ending = await stage.run(limits=SHORT)
    assert ending.error_code is LifecycleErrorCode.SCRIPT_TIMED_OUT


async def test_one_that_traps_term_is_killed(stage: Stage) -> None:
    runner = await left(stage, "trap '' TERM\nwhile true; do sleep 0.1; done")

    await until(lambda: not runner.is_alive and not runner.has_group)

    assert stage.recording.ended_by is EndedBy.TIMEOUT


async def test_a_script_that_ends_in_time_is_not_called_late(stage: Stage) -> None:
    runner = await left(stage, "sleep 0.3\nexit 3")
    await until(lambda: not runner.is_alive)

    ending = await stage.run(limits=SHORT)

    assert ending.phrase.startswith("exited 3")


async def test_a_watch_goes_with_its_script(stage: Stage) -> None:
    stage.write("#!/bin/sh\nread line <gate\n")
    os.mkfifo(stage.archive / "gate")
    limits = Limits(timeout_seconds=60, watched_after_seconds=0)
    running = asyncio.create_task(stage.run(limits=limits))
    await until(lambda: _watches(stage) != [])

    await asyncio.to_thread((stage.archive / "gate").write_text, "go\n")
    await running

    assert _watches(stage) == []


async def test_a_watch_sends_nothing_to_the_group_of_a_script_that_has_ended(
    stage: Stage, sleeper: Runner
) -> None:
    watch = Watch(stage.recording, sleeper, timeout_seconds=0, grace_seconds=0)
    (stage.recording.directory / "status").write_text("0\n")

    watch.start()
    await until(lambda: _watches(stage) == [])

    assert sleeper.is_alive


def _watches(stage: Stage) -> list[bytes]:
    """Return the command lines of the watches over the stage's script."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except (FileNotFoundError, ProcessLookupError):
            continue
    mine = os.fsencode(stage.recording.directory)
    return [line for line in lines if b"watch.sh" in line and mine in line]
