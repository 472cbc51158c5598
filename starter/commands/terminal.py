"""Standard output as this process finds it: a terminal or not, its width, its encoding."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from starter.render.canvas import Canvas, glyphs_for
from starter.render.documents import Documentable, OutputFormat, document
from starter.render.lines import clean

REFRESHES_PER_SECOND = 4


class Terminal:
    """Where a command prints: styled lines for people, documents for programs.

    Args:
        color: False never colours; otherwise a terminal is coloured unless NO_COLOR is set.
    """

    def __init__(self, *, color: bool = True) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")
        # Asked now, because what is redrawn puts another stream in the place of standard output.
        self._glyphs = glyphs_for(sys.stdout.encoding)
        self._console = Console(no_color=None if color else True, highlight=False, markup=False)

    @property
    def is_live(self) -> bool:
        """Whether a person looks at it and lines can be redrawn."""
        return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")

    def canvas(self, *, fits: bool = False) -> Canvas:
        """Return the canvas of this moment; `fits` limits it to the lines of the screen."""
        return Canvas(
            now=datetime.now().astimezone(),
            width=self._console.width,
            height=self._console.height if fits else None,
            glyphs=self._glyphs,
        )

    def show(self, lines: Iterable[Text]) -> None:
        """Print `lines`; long ones are left to the terminal."""
        for text in lines:
            self._console.print(text, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print a plain sentence of several lines at most."""
        self._console.print(Text(clean(sentence)), soft_wrap=True)

    def answer(
        self, value: Documentable, form: OutputFormat, view: Callable[[], Iterable[Text]]
    ) -> None:
        """Print `value` in the form asked for: as a document, or as its `view`."""
        if form is OutputFormat.TABLE:
            self.show(view())
        else:
            sys.stdout.write(document(value, form))

    @contextmanager
    def redrawn(self, view: Callable[[Canvas], list[Text]]) -> Iterator[Callable[[], None]]:
        """Keep `view` on the screen, up to date with the clock; yield what redraws it at once."""
        with Live(
            get_renderable=lambda: Group(*view(self.canvas(fits=True))),
            console=self._console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        ) as live:
            try:
                yield live.refresh
            except BaseException:
                live.transient = False  # the last view is all that a person who leaves keeps
                raise


def note(sentence: str) -> None:
    """Print `sentence` on standard error, which keeps standard output for programs."""
    print(clean(sentence), file=sys.stderr, flush=True)  # noqa: T201
