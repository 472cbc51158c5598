"""Structured concurrency that replays: tasks are started, awaited and cancelled in a fixed order.

`asyncio.TaskGroup`, `asyncio.wait` and `asyncio.as_completed` keep their tasks in sets, whose
order differs between a run and its replay.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

Start = Callable[[Coroutine[Any, Any, None]], None]


@asynccontextmanager
async def nursery() -> AsyncIterator[Start]:
    """Leave only when every started task has ended; on error cancel the rest in start order."""
    tasks: list[asyncio.Task[None]] = []

    def start(work: Coroutine[Any, Any, None]) -> None:
        tasks.append(asyncio.create_task(work))

    try:
        yield start
        await asyncio.gather(*tasks)
    except (Exception, asyncio.CancelledError):
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
