"""What a script prints, whoever opens it, keeps it open or dies meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.interruption import Interruption, Wish
from agent.invocation import Invocation
from agent.limits import Limits
from agent.scripts import run_script
from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site, is_running, timeless, until
from tests.agent.stage import QUICK, Stage

START = LifecycleEvent.APPLICATION_START
MEASURED = """
import resource, subprocess, sys
subprocess.run((sys.executable, "-m", "agent.cli", "local", *sys.argv[1:]), check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
"""Runs an agent and prints its peak in KB; of ours a child would inherit the memory we have."""

BY_NAME = "echo one\necho two >/dev/stderr\necho three >/dev/stdout\necho four"


async def test_output_to_a_stream_by_its_name_takes_its_place_in_the_order(stage: Stage) -> None:
    stage.write(f"#!/bin/sh\n{BY_NAME}\n")

    await stage.run()

    assert stage.output == "one\ntwo\nthree\nfour\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run scripts as others")
async def test_another_user_may_open_the_streams_by_name_too(stage: Stage) -> None:
    stage.write("#!/bin/sh\n")
    switch = stage.invocation(runas="nobody").command[:-1]
    command = (*switch, "/bin/sh", "-c", BY_NAME)
    invocation = Invocation("x", command, Path("/"), {"PATH": "/bin"})

    await run_script(stage.recording, lambda: invocation, limits=QUICK, interruption=Interruption())

    assert stage.output == "one\ntwo\nthree\nfour\n"


async def test_all_that_was_printed_is_there_when_the_event_ends(stage: Stage) -> None:
    stage.write("#!/bin/sh\nseq 300000\n")

    ending = await stage.run()

    assert stage.output == "".join(f"{number}\n" for number in range(1, 300_001))
    assert ending.output_bytes == len(stage.output)


async def killed(stage: Stage, is_time: Callable[[], bool]) -> None:
    """Run a script that does not heed TERM, and end it once it is time."""
    interruption = Interruption()
    running = asyncio.create_task(stage.run(interruption=interruption))
    await until(lambda: stage.recording.output.exists() and is_time())
    interruption.speak(Wish.STOP)
    await running


async def test_a_killed_script_loses_nothing_it_has_printed(stage: Stage) -> None:
    stage.write("#!/bin/sh\ntrap '' TERM\nseq 100000\n: >printed\nsleep 100\n")

    await killed(stage, (stage.archive / "printed").exists)

    assert stage.output.endswith("\n99999\n100000\n")


async def test_a_child_in_the_background_may_print_for_ever(stage: Stage) -> None:
    gate = stage.archive / "gate"
    os.mkfifo(gate)
    child = "(read line <gate; echo late; echo alive >survived) &"
    stage.write(f"#!/bin/sh\n{child}\necho begun\n")
    ending = await stage.run()

    gate.write_text("go\n")
    await until((stage.archive / "survived").exists)
    await until(lambda: stage.recording.output.read_text().endswith("\nlate\n"))

    assert stage.output == "begun\n"
    assert ending.output_bytes == len("begun\n")


async def test_a_child_that_outlives_a_killed_script_holds_nothing_up(stage: Stage) -> None:
    stage.write("#!/bin/sh\ntrap '' TERM\nsetsid sleep 100 &\necho $!\nsleep 100\n")

    def has_a_child_apart() -> bool:
        return stage.output != "" and os.getsid(int(stage.output)) == int(stage.output)

    await killed(stage, has_a_child_apart)

    child = int(stage.output)
    assert is_running(child)
    os.kill(child, signal.SIGKILL)


async def test_a_child_that_floods_the_output_holds_nothing_up(stage: Stage) -> None:
    stage.write("#!/bin/sh\nyes &\necho $! >child\nexit 3\n")

    ending = await stage.run(limits=Limits(output_bytes=1 << 22))
    os.kill(int((stage.archive / "child").read_text()), signal.SIGKILL)

    assert ending.phrase.startswith("exited 3")


async def test_a_recorder_goes_with_the_last_who_prints(stage: Stage) -> None:
    stage.write("#!/bin/sh\nsleep 100 &\necho $!\n")
    await stage.run()
    assert stage.recording.has_recorder

    os.kill(int(stage.output), signal.SIGKILL)

    await until(lambda: not stage.recording.has_recorder)


async def test_a_recorder_that_has_ended_leaves_no_zombie(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho printed\n")

    await stage.run()

    recorder = (stage.recording.directory / "started").read_text().splitlines()[1].split()[1]
    await until(lambda: not Path(f"/proc/{recorder}").exists())


async def test_what_goes_beyond_the_limit_is_dropped_and_said(stage: Stage) -> None:
    stage.write("#!/bin/sh\nseq 100000\nexit 4\n")

    ending = await stage.run(limits=Limits(output_bytes=1024))

    assert stage.output.startswith("1\n2\n3\n")
    assert ending.output_bytes == 1024
    said = "exited 4 after N s; what it printed beyond 1024 bytes was not kept"
    assert timeless(ending.phrase) == said


def test_a_hundred_megabytes_are_printed_in_little_memory(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.revision("v1", {START: "yes 'nine and ninety bytes less one' | head -c 100000000"})
    command = ("--bundle-location", str(tmp_path / "v1.tar"), "--type", "tar")
    places = ("--root", str(tmp_path / "root"), "--destination-root", str(tmp_path / "host"))
    said = tmp_path / "said"

    with said.open("wb") as stream:
        measured = subprocess.run(
            (sys.executable, "-c", MEASURED, *command, *places),
            stdout=stream,
            stderr=subprocess.PIPE,
            check=True,
        )

    assert said.stat().st_size > 100_000_000
    assert int(measured.stderr) < 120 * 1024
