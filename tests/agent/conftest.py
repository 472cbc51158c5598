"""What several of the agent's tests begin with."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.runners import Runner
from tests.agent.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A directory in which one script may run."""
    return Stage(tmp_path)


@pytest.fixture
def sleeper() -> Iterator[Runner]:
    """A process that leads a group of its own and is no script."""
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setsid=True)
    yield Runner.of(pid)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
