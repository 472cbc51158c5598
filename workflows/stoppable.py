"""Work that heeds a stop wherever it is.

Cancelling a task is not enough in a workflow. Temporal hands the cancellation on to the activity
that the task waits for, and if that completes all the same (its end came in the same workflow task
as the stop, or before it heard of it), the task is given the result, and goes on.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")
Work = Coroutine[Any, Any, T]


async def stoppable(work: Callable[[], Work[T]]) -> T:
    """Carry `work` out in a task whose cancellation is never lost.

    What it waits for may come to its end, as the options of the activity say; but the first thing
    that the work hears of after the stop is the stop, whatever came of what it waited for.
    """
    return await _step_by_step(work())


@coroutine
def _step_by_step(work: Work[T]) -> Generator[Any, None, T]:
    """Stand between a task and its work: hand on what either has for the other."""
    task = asyncio.current_task()
    assert task is not None
    go_on: Callable[[], Any] = partial(work.send, None)
    while True:
        try:
            awaited = go_on()
        except StopIteration as end:
            result: T = end.value
            return result
        stops = task.cancelling()
        try:
            yield awaited
            go_on = partial(work.send, None)
        except GeneratorExit:
            raise
        except BaseException as error:
            go_on = partial(work.throw, error)
        if task.cancelling() > stops:
            go_on = partial(work.throw, asyncio.CancelledError())
