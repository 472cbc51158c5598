"""What an activity tells, look by look, of something that it waits for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from temporalio.testing import ActivityEnvironment

_SECONDS = 20

Q = TypeVar("Q")


@asynccontextmanager
async def looks(
    waiting: Callable[[Q], Coroutine[Any, Any, object]], question: Q
) -> AsyncIterator[asyncio.Queue[Any]]:
    """Let an activity wait for what never comes; what its heartbeats tell is in the queue."""
    environment, told = ActivityEnvironment(), asyncio.Queue[Any]()
    environment.on_heartbeat = told.put_nowait
    task = asyncio.create_task(environment.run(waiting, question))
    try:
        async with asyncio.timeout(_SECONDS):
            yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
