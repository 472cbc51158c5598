"""Where a text will stand: at which moment, how wide, and with which glyphs."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Glyphs:
    """The signs that carry meaning beside the words.

    Attributes:
        levels: The heights of a step in a plot, from the lowest to the whole.
    """

    succeeded: str
    failed: str
    running: str
    waiting: str
    stopped: str
    untouched: str
    warning: str
    arrow: str
    dot: str
    ellipsis: str
    full: str
    busy: str
    lost: str
    floor: str
    levels: str


UNICODE = Glyphs(
    succeeded="✔",
    failed="✖",
    running="◌",
    waiting="‖",
    stopped="■",
    untouched="·",
    warning="!",
    arrow="→",
    dot="·",
    ellipsis="…",
    full="█",
    busy="▒",
    lost="░",
    floor="┃",
    levels="▁▂▃▄▅▆▇█",
)

ASCII = Glyphs(
    succeeded="+",
    failed="x",
    running="o",
    waiting="=",
    stopped="#",
    untouched="-",
    warning="!",
    arrow="->",
    dot="|",
    ellipsis="...",
    full="#",
    busy="~",
    lost=".",
    floor="|",
    levels=".:-=+*%#",
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """Return the glyphs that `encoding` can write."""
    try:
        "".join(vars(UNICODE).values()).encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE


@dataclass(frozen=True)
class Canvas:
    """The place and the moment of a text.

    Attributes:
        now: With the time zone in which clock times are shown.
        height: Lines that fit at once; None if the text may scroll.
    """

    now: datetime
    width: int = 100
    height: int | None = None
    glyphs: Glyphs = UNICODE

    def clock(self, moment: datetime) -> str:
        """Return the time of day of `moment`, with the date if it is another day."""
        local = moment.astimezone(self.now.tzinfo)
        same_day = local.date() == self.now.date()
        return f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M}"

    def since(self, moment: datetime) -> str:
        """Return how long ago `moment` was."""
        return duration(self.now - moment)

    def until(self, moment: datetime) -> str:
        """Return how much is left until `moment`: `12m left`, or `overdue`."""
        left = moment - self.now
        return f"{duration(left)} left" if left > timedelta(0) else "overdue"


def duration(length: timedelta) -> str:
    """Return `length` for people: `4s`, `1m20s`, `12m`, `2h05m`, `3d04h`.

    >>> duration(timedelta(seconds=80))
    '1m20s'
    """
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
    return f"{seconds // 86_400}d{seconds % 86_400 // 3600:02}h"
