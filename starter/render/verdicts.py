"""What `rollway validate` found."""

from collections.abc import Iterable
from typing import Protocol

from rich.text import Text

from starter.render.canvas import Canvas
from starter.render.lines import line
from starter.render.statuses import BAD, GOOD, HELD


class Judged(Protocol):
    """A file and what was found in it."""

    @property
    def name(self) -> str:
        """The file, as people know it."""

    @property
    def holds(self) -> str:
        """What it is."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it is refused."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it says in vain."""


def verdicts_view(verdicts: Iterable[Judged], canvas: Canvas) -> list[Text]:
    """Return one line a file, and one for each problem and warning."""
    return [text for verdict in verdicts for text in _verdict(verdict, canvas)]


def _verdict(verdict: Judged, canvas: Canvas) -> list[Text]:
    glyphs = canvas.glyphs
    sign = (f"{glyphs.failed} ", BAD) if verdict.problems else (f"{glyphs.succeeded} ", GOOD)
    holds = f": {verdict.holds}" if verdict.holds else ""
    return [
        line(sign, (verdict.name, "bold"), holds),
        *(line("    ", problem) for problem in verdict.problems),
        *(line((f"    warning: {warning}", HELD)) for warning in verdict.warnings),
    ]
