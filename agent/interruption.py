"""How whatever waits on a host is told to wait no longer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")

Check = Callable[[], None]
"""Raises `Interrupted` if a wish was spoken; work on a thread asks it between two pieces."""


def go_on() -> None:
    """Be a `Check` of work that nobody can interrupt."""


class Wish(Enum):
    """What is wanted of work under way.

    Attributes:
        STOP: The script is to be ended, and the segment with it.
        LEAVE: The agent goes; the script runs on, and the next agent takes it up.
    """

    STOP = "stop"
    LEAVE = "leave"


class Interrupted(Exception):
    """A wait ended because of a wish.

    Attributes:
        wish: What is wanted.
    """

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish.value)
        self.wish = wish


class Interruption:
    """A wish that may or may not be spoken while work goes on; the first one counts."""

    def __init__(self) -> None:
        self._spoken: asyncio.Future[Wish] = asyncio.get_running_loop().create_future()

    @property
    def wish(self) -> Wish | None:
        """What is wanted; None if the work may go on."""
        return self._spoken.result() if self._spoken.done() else None

    def speak(self, wish: Wish) -> None:
        """Ask for an early end."""
        if not self._spoken.done():
            self._spoken.set_result(wish)

    def check(self) -> None:
        """Raise `Interrupted` if a wish was spoken; any thread may ask."""
        if self.wish is not None:
            raise Interrupted(self.wish)

    async def unless_spoken(
        self, work: Coroutine[Any, Any, T], *, seconds: float | None = None
    ) -> T:
        """Return what `work` returns.

        Raises:
            Interrupted: A wish was spoken first; `work` is cancelled.
            TimeoutError: `seconds` passed first; `work` is cancelled.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait(
                (task, self._spoken), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if task.done():
                return task.result()
            self.check()
            raise TimeoutError
        finally:
            await _ended(task)


async def _ended(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def on_thread(work: Callable[[], T]) -> T:
    """Return what blocking `work` returns; a cancelled caller still waits for it to end.

    A thread is interrupted only if its work asks a `Check`, and nobody may touch the host while it
    still works.
    """
    running: Awaitable[T] = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise
