"""A place that a bundle can be read from, and how long its moods are put up with."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from codedeploy.errors import InvalidRevision

T = TypeVar("T")
Bytes = Generator[bytes, None, None]

CHUNK = 1 << 18
"""No source yields more at once, so that memory stays flat."""

SECONDS_TO_CONNECT = 10
SECONDS_OF_SILENCE = 30


class Hiccup(Exception):
    """A failure that the next attempt may not meet: throttled, reset, an error of the server.

    Attributes:
        wait_seconds: How long the server wants to be left alone.
    """

    def __init__(self, problem: str, *, wait_seconds: float = 0) -> None:
        super().__init__(problem)
        self.wait_seconds = wait_seconds


class Source(Protocol):
    """One bundle, where it is."""

    @property
    def shown(self) -> str:
        """Its address for people, without secrets."""

    @property
    def piece_bytes(self) -> int | None:
        """The size of pieces that may be read at the same time; None if it has no such."""

    def read(self, start: int, stop: int | None) -> Bytes:
        """Yield the bytes from `start` on; what comes from `stop` on is ignored.

        Raises:
            Hiccup: Another attempt may have more luck.
            InvalidRevision: No other attempt will.
        """


@dataclass(frozen=True)
class Patience:
    """How long failures are put up with.

    Attributes:
        seconds: Without `progress_bytes` in so long, the source is given up.
    """

    seconds: float = 60
    progress_bytes: int = 1 << 16
    first_pause: float = 0.5
    longest_pause: float = 15


class _Spell:
    """The time since the last real progress."""

    def __init__(self, source: Source, patience: Patience) -> None:
        self._source = source
        self._patience = patience
        self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._bytes = 0
        self._pauses = 0

    def progressed(self, count: int) -> None:
        """Begin a new spell if there was progress; a source that only drips makes none."""
        self._bytes += count
        if self._bytes >= self._patience.progress_bytes:
            self._begin()
        elif time.monotonic() - self._began > self._patience.seconds:
            self._give_up(f"only {self._bytes} bytes came")

    def pause(self, hiccup: Hiccup) -> None:
        """Wait before the next attempt, longer each time."""
        growing = self._patience.first_pause * 2**self._pauses
        pause = max(min(growing, self._patience.longest_pause), hiccup.wait_seconds)
        self._pauses += 1
        if time.monotonic() + pause - self._began > self._patience.seconds:
            self._give_up(f"{hiccup} (attempt {self._pauses})")
        time.sleep(pause)

    def _give_up(self, problem: str) -> None:
        raise InvalidRevision(
            f"{self._source.shown} was given up: {problem}, and no progress within "
            f"{self._patience.seconds:g} s. See whether it can be reached, then deploy again."
        )


def ask_steadily(source: Source, ask: Callable[[], T], *, patience: Patience) -> T:
    """Return what `ask` returns, asking again while it fails in passing.

    Raises:
        InvalidRevision: It fails for good, or patience is over.
    """
    spell = _Spell(source, patience)
    while True:
        try:
            return ask()
        except Hiccup as hiccup:
            spell.pause(hiccup)


def read_steadily(source: Source, start: int, stop: int | None, *, patience: Patience) -> Bytes:
    """Yield the bytes of `source`, taking up again where a failed attempt ended.

    Raises:
        InvalidRevision: It cannot be read, or patience is over.
    """
    spell = _Spell(source, patience)
    while True:
        try:
            with closing(source.read(start, stop)) as chunks:
                for chunk in chunks:
                    wanted = chunk if stop is None else chunk[: stop - start]
                    start += len(wanted)
                    spell.progressed(len(wanted))
                    yield wanted
            if stop is None or start >= stop:
                return
            hiccup = Hiccup("the answer ended early")
        except Hiccup as error:
            hiccup = error
        spell.pause(hiccup)
