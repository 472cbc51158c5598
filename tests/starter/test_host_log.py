"""The log of a host whose agent is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from codedeploy.commands import READ_LOG, LogPiece, LogRequest, host_queue
from codedeploy.errors import Refused
from codedeploy.target import TargetResult, TargetStatus
from starter.host_log import HostLog

REQUEST = LogRequest(deployment_id="d-AAAAAAAAA")
HOST = f"web-{uuid4().hex[:8]}"
GOES_ON, ENDED = (
    TargetResult(target_id=HOST, status=status)
    for status in (TargetStatus.IN_PROGRESS, TargetStatus.SUCCEEDED)
)


@activity.defn(name=READ_LOG)
async def read(request: LogRequest) -> LogPiece:
    return LogPiece(text="printed", next_offset=7, is_end=True)


def log_of(client: Client, *looks: TargetResult) -> HostLog:
    """Return the log of a host which stands like this, one look after the other."""
    left = iter(looks)

    async def look() -> TargetResult:
        return next(left)

    return HostLog(client, HOST, look=look)


async def refusal(pieces: AsyncIterator[str]) -> str:
    with pytest.raises(Refused) as caught:
        await anext(pieces)
    return caught.value.message


async def test_an_agent_that_is_away_is_named_and_does_not_end_the_following(
    temporal: Client, control_plane: Path
) -> None:
    followed = log_of(temporal, GOES_ON, ENDED).followed(REQUEST)

    said, text = await asyncio.gather(refusal(log_of(temporal).pieces(REQUEST)), anext(followed))
    async with Worker(temporal, task_queue=host_queue(HOST), activities=[read]):
        async for piece in followed:
            text += piece

    assert f"The agent of {HOST} does not answer" in said
    assert text == "printed"
