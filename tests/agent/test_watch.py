"""Scripts whose agent never comes back."""

from pathlib import Path

import pytest

from agent.interruption import Interrupted, Interruption, Wish
from agent.runners import Runner
from agent.scripts import Limits
from tests.agent.site import until
from tests.agent.test_scripts import Stage

SHORT = Limits(timeout_seconds=1, grace_seconds=0.3)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def left(stage: Stage, body: str) -> Runner:
    """Start a script and leave it for good."""
    stage.write(f"#!/bin/sh\n{body}\n")
    interruption = Interruption()
    interruption.speak(Wish.LEAVE) if False else None
    import asyncio

    running = asyncio.create_task(stage.run(limits=SHORT, interruption=interruption))
    await until(lambda: stage.recording.runner is not None)
    interruption.speak(Wish.LEAVE)
    with pytest.raises(Interrupted):
        await running
    runner = stage.recording.runner
    assert runner is not None
    return runner
