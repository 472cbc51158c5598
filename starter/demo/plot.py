"""The customers' requests as a plot in the terminal: a column a second, stacked by release.

Every release is drawn as its last letter, so that the plot reads without colours, too; a request
that was lost is an `x`, and one is enough to be seen.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from math import ceil
from statistics import median_high

from rich.text import Text

from starter.demo.ledger import Ledger, Second
from starter.render.lines import Part, counted, line
from starter.render.statuses import BAD, BUSY, GOOD, HELD

HEIGHT = 6
LOST = "x"

_COLORS = (BUSY, GOOD, HELD)
_SCALE = 5
"""How wide the numbers of the scale are."""
_CAPTION = "answers a second, by release"


def plot_lines(seconds: Sequence[Second], *, width: int, height: int = HEIGHT) -> list[Text]:
    """Return the latest of the seconds, as many as fit into `width`."""
    return _framed(seconds[-_room(width) :], height=height)


def whole_plot_lines(seconds: Sequence[Second], *, width: int) -> list[Text]:
    """Return all seconds; as many of them in each column as it takes to fit into `width`."""
    each = max(1, ceil(len(seconds) / _room(width)))
    columns = [sum(seconds[at : at + each], Second()) for at in range(0, len(seconds), each)]
    return _framed(columns, seconds_each=each)


def _room(width: int) -> int:
    return max(10, width - _SCALE - 3)


def _framed(
    columns: Sequence[Second], *, height: int = HEIGHT, seconds_each: int = 1
) -> list[Text]:
    usual = median_high([one.requests for one in columns if one.requests] or [0])
    stacks = [stack(one, usual=usual, height=height) for one in columns]
    scale = [f"{usual // seconds_each:>{_SCALE}} |", *[f"{'':{_SCALE}} |"] * (height - 1)]
    rows = (
        line(left, *_row(stacks, level))
        for left, level in zip(scale, range(height - 1, -1, -1), strict=True)
    )
    foot = f"{0:>{_SCALE}} +{'-' * len(columns)}"
    caption = line((f"{_CAPTION}; one column is {counted(seconds_each, 'second')}", "bold"))
    return [caption, *rows, line(foot)]


def stack(second: Second, *, usual: int, height: int) -> list[str]:
    """Return the cells of one column from the bottom: releases in order, what was lost on top.

    Whatever happened at all has a cell.

    Args:
        second: What is drawn.
        usual: The requests that fill the whole height; there is no room for more.
        height: In cells.
    """
    counts = {**dict(sorted(second.answered.items())), LOST: second.lost}
    tops = [round(count * height / max(1, usual)) for count in accumulate(counts.values())]
    cells = {
        name: max(1, top - bottom)
        for (name, count), top, bottom in zip(counts.items(), tops, [0, *tops], strict=False)
        if count
    }
    while sum(cells.values()) > max(height, len(cells)):
        cells[max(cells, key=lambda name: cells[name])] -= 1
    return [name for name, number in cells.items() for _ in range(number)]


def _row(stacks: Sequence[Sequence[str]], level: int) -> Iterator[Part]:
    names = (cells[level] if level < len(cells) else " " for cells in stacks)
    for name, run in groupby(names):
        yield (name[-1] * len(list(run)), _style(name))


def _style(name: str) -> str:
    """Return the colour of a release, always the same one; or of what was lost."""
    return f"bold {BAD}" if name == LOST else _COLORS[ord(name[-1]) % len(_COLORS)]


def sums_line(ledger: Ledger) -> Text:
    """Return how many requests each release has answered, and how many were lost."""
    total = ledger.total
    answered = [
        (f"{release}: {count:,}   ", _style(release))
        for release, count in sorted(total.answered.items())
    ]
    lost = (f"lost: {total.lost:,}", f"bold {BAD if total.lost else GOOD}")
    return line(f"{total.requests:,} requests, {ledger.requests_per_second}/s   ", *answered, lost)


def turn(before: Second, after: Second) -> list[str]:
    """Return what has changed for customers from one second to the next, for logs."""
    sentences = []
    if after.answered and set(after.answered) != set(before.answered):
        sentences.append(f"customers are answered by {' and '.join(sorted(after.answered))}")
    if after.lost:
        sentences.append(f"{counted(after.lost, 'request')} lost")
    return sentences
