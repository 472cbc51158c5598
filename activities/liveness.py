"""Long calls in activities that are coroutines: alive, and ended at once if they are cancelled."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from temporalio import activity

from activities.heartbeats import EVERY_SECONDS

T = TypeVar("T")


async def alive(work: Awaitable[T]) -> T:
    """Await `work` and heartbeat every few seconds meanwhile."""
    beats = asyncio.create_task(_beat())
    try:
        return await work
    finally:
        beats.cancel()


async def on_own_thread(call: Callable[[], T]) -> T:
    """Return what a blocking call returns; it knows of which activity it is a part.

    Whoever is cancelled meanwhile goes on at once. The call ends by itself then, and as it has its
    thread to itself, nobody waits for that.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="own")
    in_context = partial(contextvars.copy_context().run, call)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, in_context)
    finally:
        thread.shutdown(wait=False)


async def unbroken_on_own_thread(call: Callable[[], T]) -> T:
    """Return what a blocking call that changes something returns.

    Whoever is cancelled meanwhile waits for its end: what is done next must not be overtaken by it.
    """
    work = asyncio.ensure_future(on_own_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(EVERY_SECONDS)
