"""Recorded histories replay: a changed workflow does not strand the deployments under way."""

import gzip
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.record_histories import HISTORIES, STORIES
from workflows import registry

RECORDED = sorted(HISTORIES.glob("*.json.gz"))


@pytest.mark.parametrize("path", RECORDED, ids=[path.name for path in RECORDED])
async def test_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=registry.ALL,
        workflow_runner=registry.runner(),
        data_converter=pydantic_data_converter,
    )
    history = WorkflowHistory.from_json(path.name, gzip.decompress(path.read_bytes()).decode())

    await replayer.replay_workflow(history)


def test_every_story_is_recorded() -> None:
    stories = {path.name.partition(".")[0] for path in RECORDED}

    assert stories == {story.__name__ for story in STORIES}
