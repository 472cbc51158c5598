"""Undo: putting back what a deployment changed, whatever ends it.

What puts a step back is registered before the step, because a step that timed out may have worked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from codedeploy.errors import RollwayError

PutBack = Callable[[], Awaitable[None]]
T = TypeVar("T")


class _Step(NamedTuple):
    sentence: str
    put_back: PutBack
    else_keeps: str


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
        self._steps: list[_Step] = []
        self.done: list[str] = []
        self.problems: list[str] = []

    def push(self, sentence: str, put_back: PutBack, *, else_keeps: str = "") -> None:
        """Register what puts the step back that comes next.

        Args:
            sentence: Says that it was put back.
            put_back: Does it.
            else_keeps: Why nothing that was pushed before is put back if this fails, and what a
                person does about it; empty if no other step depends on this one.
        """
        self._steps.append(_Step(sentence, put_back, else_keeps))

    def leave_behind(self, sentence: str) -> None:
        """Tell what is not as it was, although the step that is put back now succeeds."""
        if sentence not in self.problems:
            self.problems.append(sentence)

    async def run(self) -> None:
        """Put everything back, newest first; what fails keeps only what depends on it."""
        while self._steps:
            step = self._steps.pop()
            try:
                await step.put_back()
                self.done.append(step.sentence)
            except (ActivityError, RollwayError) as error:
                self.problems.append(f"not done: {step.sentence} {_why(error)}")
                self._keep_for(step.else_keeps)
            self._told()

    def _keep_for(self, reason: str) -> None:
        """Leave all other steps as they are, if there is a reason: what they made still serves."""
        while reason and self._steps:
            self.problems.append(f"not tried: {self._steps.pop().sentence} {reason}")


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
