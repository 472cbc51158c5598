"""Scripts whose agent never comes back."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agent.interruption import Interrupted, Interruption, Wish
from agent.limits import Limits
from agent.process_group import group_of
from agent.recording import EndedBy
from agent.runners import Runner, current_boot_id
from agent.watch import Watch
from codedeploy.lifecycle import LifecycleErrorCode, LifecycleEvent
from tests.agent import lone_agent
from tests.agent.site import Site, is_running, until
from tests.agent.stage import Stage

UP_TO_BEFORE_INSTALL = (LifecycleEvent.DOWNLOAD_BUNDLE, LifecycleEvent.BEFORE_INSTALL)
SHORT = Limits(timeout_seconds=1, grace_seconds=0.3)
LONG = Limits(timeout_seconds=60)


async def left(stage: Stage, body: str, limits: Limits = SHORT) -> Runner:
    """Start a script and leave it for good."""
    stage.write(f"#!/bin/sh\n{body}\n")
    interruption = Interruption()
    running = asyncio.create_task(stage.run(limits=limits, interruption=interruption))
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

    await until(lambda: not runner.is_alive and group_of(runner) == [])

    assert stage.recording.ended_by is EndedBy.TIMEOUT


async def test_a_child_that_traps_term_is_killed_though_its_script_obeys(stage: Stage) -> None:
    child = "(trap '' TERM; while true; do sleep 0.1; done) &\necho $!\nwait"
    runner = await left(stage, child)

    await until(lambda: not runner.is_alive and group_of(runner) == [])

    assert not is_running(int(stage.output))


async def test_a_script_that_ends_in_time_is_not_called_late(stage: Stage) -> None:
    gate = stage.archive / "gate"
    os.mkfifo(gate)
    runner = await left(stage, "read line <gate\nexit 3", LONG)
    await asyncio.to_thread(gate.write_text, "go\n")
    await until(lambda: not runner.is_alive)

    ending = await stage.run(limits=LONG)

    assert ending.phrase.startswith("exited 3")


async def test_a_watch_goes_with_its_script(stage: Stage) -> None:
    stage.write("#!/bin/sh\nread line <gate\n")
    os.mkfifo(stage.archive / "gate")
    running = asyncio.create_task(stage.run(limits=LONG))
    await until(lambda: _watches(stage) != [])

    await asyncio.to_thread((stage.archive / "gate").write_text, "go\n")
    await running

    await until(lambda: _watches(stage) == [])


async def test_a_script_that_cannot_be_started_leaves_no_watch(stage: Stage) -> None:
    stage.write("#!/bin/sh\n")
    stage.recording.output.mkdir()

    with pytest.raises(IsADirectoryError):
        await stage.run(limits=LONG)

    await until(lambda: _watches(stage) == [])


async def test_a_watch_sends_nothing_to_the_group_of_a_script_that_has_ended(
    stage: Stage, sleeper: Runner
) -> None:
    mark(stage, Path(f"/proc/{sleeper.pid}/stat").read_text())
    (stage.recording.directory / "status").write_text("0\n")

    await watched_to_the_end(stage)

    assert sleeper.is_alive


async def test_a_watch_sends_nothing_to_a_later_process_of_the_same_number(
    stage: Stage, sleeper: Runner
) -> None:
    stat = Path(f"/proc/{sleeper.pid}/stat").read_text()
    mark(stage, stat.replace(f" {sleeper.start_ticks} ", f" {sleeper.start_ticks - 1} "))

    await watched_to_the_end(stage)

    assert sleeper.is_alive


async def test_a_watch_over_a_script_that_never_began_goes(stage: Stage) -> None:
    await watched_to_the_end(stage)

    assert stage.recording.ended_by is None


async def test_a_script_whose_runner_is_killed_is_ended(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho $$\nkill -9 $PPID\nsleep 60\n")

    ending = await stage.run()

    assert ending.phrase == "was interrupted: the host or its processes went down"
    assert not is_running(int(stage.output))


async def test_a_script_has_its_limit_from_its_first_moment_whatever_becomes_of_its_agent(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    killing = "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)\necho $$ >>$RAN\nsleep 60"
    revision = site.revision("v1", {LifecycleEvent.BEFORE_INSTALL: killing}, timeout=1)
    command = site.command(revision, events=UP_TO_BEFORE_INSTALL)
    agent = await lone_agent.started(site, command)

    assert await asyncio.wait_for(agent.wait(), 30) == -signal.SIGKILL

    await until(lambda: len(site.runs) == 1 and not is_running(int(site.runs[0])))
    segment = site.host.take_up(command)
    with segment.watched():
        failure = (await segment.task).failure
    assert failure is not None
    assert failure.diagnostics is not None
    assert failure.diagnostics.error_code is LifecycleErrorCode.SCRIPT_TIMED_OUT


def mark(stage: Stage, stat: str) -> None:
    """Make the recording say that the process of a /proc/PID/stat runs its script."""
    (stage.recording.directory / "started").write_text(f"{current_boot_id()} {stat}")


async def watched_to_the_end(stage: Stage) -> None:
    """Have a watch over the stage's recording until it ends by itself."""
    watch = Watch(stage.recording, timeout_seconds=0, grace_seconds=0)
    watch.start()
    await until(lambda: _watches(stage) == [])
    watch.end()


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
