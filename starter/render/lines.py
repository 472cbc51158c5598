"""Lines of styled text that cannot be spoofed by what they quote.

Names, messages and script output come from other machines. Every renderer builds its lines here,
where control characters are removed; markup is never interpreted, so `[red]` stays `[red]`.
"""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from textwrap import wrap

from rich.text import Text

Part = str | tuple[str, str]
"""A piece of a line: plain, or with a style."""

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    # OSC, DCS and the like: titles, links, clipboard; no ESC inside, or it would be quadratic
    r"|\x1b[\]PX^_][^\n\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_LINE = 64 * 1024


def clean(text: str) -> str:
    r"""Return `text` without control characters, with its lines and tabs.

    >>> clean("\x1b[31mred\x1b[0m\r\n50%\r100%")
    'red\n50%\n100%'
    """
    one_kind_of_end = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", one_kind_of_end)


def clean_line(text: str) -> str:
    """Return `text` as one line without control characters."""
    return " ".join(clean(text).splitlines())


def line(*parts: Part) -> Text:
    """Return one line made of `parts`."""
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    text = Text(no_wrap=True, overflow="ellipsis")
    for content, style in pairs:
        text.append(clean_line(content), style=style)
    return text


def paragraph(text: str, *, width: int, indent: str = "", most: int | None = None) -> list[Text]:
    """Return `text` in lines of at most `width`; no more than `most` of them."""
    wrapped = wrap(clean_line(text), max(20, width - len(indent))) or [""]
    kept = wrapped if most is None else wrapped[:most]
    if len(kept) < len(wrapped):
        kept[-1] = kept[-1][: max(20, width - len(indent)) - 4] + " ..."
    return [line(indent + one) for one in kept]


def spaced(lines: list[Text]) -> list[Text]:
    """Return `lines` behind an empty one; nothing if there are none."""
    return [line(""), *lines] if lines else []


def plain(lines: Iterable[Text]) -> str:
    """Return `lines` without styles, as a file would hold them."""
    return "".join(f"{text.plain.rstrip()}\n" for text in lines)


def table(rows: Sequence[Sequence[Part]], *, header: Sequence[str] = ()) -> list[Text]:
    """Return `rows` as aligned columns two spaces apart; the last column may be any length."""
    cells = [[line(cell) for cell in row] for row in rows]
    if header:
        cells.insert(0, [line((title, "bold")) for title in header])
    if not cells:
        return []
    last = max(len(row) for row in cells) - 1
    widths = [max(row[at].cell_len for row in cells if at < len(row)) for at in range(last)]
    return [_aligned(row, widths) for row in cells]


def _aligned(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for at, cell in enumerate(cells):
        text.append_text(cell)
        if at < len(cells) - 1:
            text.append(" " * (widths[at] - cell.cell_len + 2))
    text.rstrip()
    return text


def counted(number: int, noun: str) -> str:
    """Return `1 host` or `2 hosts`."""
    ending = "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{ending}"


def folded(names: Sequence[str], *, most: int, ellipsis: str) -> str:
    """Return `names`, or the first few, the last one and their number if there are many."""
    if len(names) <= most:
        return ", ".join(names)
    first = ", ".join(names[: most - 1])
    return f"{first} {ellipsis} {names[-1]} ({len(names):,})"


async def clean_pieces(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield the text of `pieces` cleaned, in whole lines: a sequence may be cut between two."""
    held = ""
    async for piece in pieces:
        held += piece
        end = len(held) if len(held) > _LONGEST_LINE else held.rfind("\n") + 1
        if end:
            yield clean(held[:end])
            held = held[end:]
    if held:
        yield clean(held)
