"""When what a script printed was there: noted each second while an agent lives.

Differs from AWS: CodeDeploy's agent reads what a script prints and marks each line with a time, for
which it must live as long as the script. Here a line has the time of the first note that follows
it, so that it is up to a second late, or as late as the next agent.
"""

import asyncio
import re
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from agent.recording import Recording

_NOTE_SECONDS = 1.0
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")


class Moments:
    """The notes on what one script printed.

    Args:
        recording: The script's.
        latest: The time of what no note follows.
    """

    def __init__(self, recording: Recording, *, latest: datetime) -> None:
        noted = sorted(_noted(recording))
        self._sizes = [size for size, _ in noted]
        self._times = [*(time for _, time in noted), latest]

    def stamped(self, excerpt: bytes, offset: int, *, begins_line: bool) -> bytes:
        """Return an excerpt of the output with a time before each line.

        Args:
            excerpt: Some of what the script printed.
            offset: Where in the output it starts.
            begins_line: Whether a line begins with it.
        """
        pieces = []
        for number, line in enumerate(_LINES.findall(excerpt)):
            if number > 0 or begins_line:
                pieces.append(stamp(self._time_at(offset)))
            pieces.append(line)
            offset += len(line)
        return b"".join(pieces)

    def _time_at(self, offset: int) -> datetime:
        return self._times[bisect_right(self._sizes, offset)]


def stamp(time: datetime) -> bytes:
    """Return a time as it stands before a line of the log."""
    return f"{time:%Y-%m-%d %H:%M:%S} ".encode()


def _noted(recording: Recording) -> Iterator[tuple[int, datetime]]:
    try:
        lines = recording.moments.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with suppress(ValueError, OverflowError):  # Torn by a crash.
            size, seconds = line.split()
            yield int(size), datetime.fromtimestamp(float(seconds), UTC)


@asynccontextmanager
async def moments_noted(recording: Recording) -> AsyncIterator[None]:
    """Note in the block, each second and at its end, how much a script has printed."""
    noting = asyncio.create_task(_note_each_second(recording))
    try:
        yield
    finally:
        noting.cancel()
        _note(recording)


async def _note_each_second(recording: Recording) -> None:
    noted = 0
    while True:
        await asyncio.sleep(_NOTE_SECONDS)
        if recording.written_bytes > noted:
            noted = _note(recording)


def _note(recording: Recording) -> int:
    """Note how much a script has printed, and return it."""
    size = 0
    # A disk that takes no note takes no output either, and only a time is lost.
    with suppress(OSError):
        size = recording.written_bytes
        with recording.moments.open("a") as notes:
            notes.write(f"{size} {datetime.now(UTC).timestamp():.3f}\n")
    return size
