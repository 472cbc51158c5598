"""The processes of a script that its runner leaves behind."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agent.limits import Limits
from agent.process_group import left_of
from agent.recording import EndedBy
from agent.runners import Runner
from agent.verdict import verdict
from tests.agent.site import end, is_running
from tests.agent.stage import Stage
from tests.agent.test_watch import mark


def test_a_group_is_not_taken_for_an_earlier_one_of_the_same_number(sleeper: Runner) -> None:
    assert left_of(sleeper, since=sleeper.started - 1) == []
    assert [one.pid for one in left_of(sleeper, since=sleeper.started)] == [sleeper.pid]


def test_a_group_of_an_earlier_boot_has_nobody_left(sleeper: Runner) -> None:
    earlier = Runner(sleeper.pid, sleeper.start_ticks, "an-earlier-boot")

    assert left_of(earlier, since=sleeper.started) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
async def test_processes_that_the_agent_may_not_signal_are_left() -> None:
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.agent.unprivileged"), stdout=asyncio.subprocess.PIPE
    )

    left = int((await agent.communicate())[0])

    assert is_running(left)
    end(left)


@pytest.mark.parametrize("reason", EndedBy)
def test_processes_that_are_left_are_named(stage: Stage, sleeper: Runner, reason: EndedBy) -> None:
    mark(stage, Path(f"/proc/{sleeper.pid}/stat").read_text())
    stage.recording.note_ended_by(reason)

    _, phrase = verdict(stage.recording, Limits())

    assert f"but could not be ended: end process {sleeper.pid} on the host" in phrase
