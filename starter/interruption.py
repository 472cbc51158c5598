"""Ctrl-C and its like as an orderly end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def until_interrupted(work: Coroutine[Any, Any, Result]) -> Result | None:
    """Run `work`; the first Ctrl-C, SIGTERM or hang-up cancels it and makes the result None.

    Later ones are ignored: what `work` does when it is cancelled must end by itself.
    """
    task = asyncio.create_task(work)
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if not interrupted.is_set():
            interrupted.set()
            task.cancel()

    heeded = _heeded_signals()
    for number in heeded:
        loop.add_signal_handler(number, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        if interrupted.is_set():
            return None
        raise
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)


def _heeded_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that mean us; under nohup a hang-up does not."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGINT, signal.SIGTERM)
    return (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
