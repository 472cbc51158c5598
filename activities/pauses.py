"""How long to wait before looking again at something that takes time."""

from collections.abc import Iterator

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 10.0
_GROWTH = 1.5


def growing_pauses() -> Iterator[float]:
    """Yield seconds without end: short at first, so that what is quick is noticed at once."""
    pause = FIRST_SECONDS
    while True:
        yield pause
        pause = min(pause * _GROWTH, LONGEST_SECONDS)
