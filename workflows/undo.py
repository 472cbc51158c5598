"""Undo: putting back what a deployment changed, whatever ends it.

What puts a step back is registered before the step, because a step that timed out may have worked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from codedeploy.errors import RollwayError

PutBack = Callable[[], Awaitable[None]]
T = TypeVar("T")


class Undo:
    """What is to be put back if a deployment does not end well.

    Args:
        told: Called when something was put back, or could not be.

    Attributes:
        done: What was put back, a sentence each.
        problems: What was left behind, and why, a sentence each.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told
        self._steps: list[tuple[str, PutBack]] = []
        self.done: list[str] = []
        self.problems: list[str] = []

    def push(self, sentence: str, put_back: PutBack) -> None:
        """Register what puts the step back that comes next; `sentence` says it was done."""
        self._steps.append((sentence, put_back))

    async def run(self) -> None:
        """Put everything back, newest first; what fails keeps nothing else from being put back."""
        while self._steps:
            sentence, put_back = self._steps.pop()
            try:
                await put_back()
                self.done.append(sentence)
            except (ActivityError, RollwayError) as error:
                self.problems.append(f"not done: {sentence} {_why(error)}")
            self._told()


def _why(error: ActivityError | RollwayError) -> str:
    if isinstance(error, RollwayError):
        return error.message
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else str(cause)


@asynccontextmanager
async def undone_on_failure(undo: Undo) -> AsyncIterator[None]:
    """Put everything back, to the end, if the block raises or is cancelled."""
    try:
        yield
    except (Exception, asyncio.CancelledError):
        await to_the_end(undo.run())
        raise


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` although it is cancelled meanwhile: a second stop must not stop the undo."""
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            workflow.logger.debug("cancelled while something is put back: that goes on")
    return task.result()


async def unbroken(change: Awaitable[T]) -> T:
    """Await a change that a stop must not leave half known: it ends first, then the stop counts.

    An activity that completes although its cancellation was requested would swallow the stop.
    """
    task = asyncio.ensure_future(change)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
