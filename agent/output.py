"""The end of what a script printed, fit to be shown in a sentence or on a page."""

import os
import re
from pathlib import Path

TAIL_BYTES = 4096
LINE_CHARACTERS = 200

_SEARCHED_AT_ONCE = 1 << 18

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def tail(output: Path, *, until: int) -> str:
    """Return the last 4 KB of the first `until` bytes of `output` as text.

    A long line keeps its end. Bytes that are no UTF-8 become replacement characters, and what
    would steer a terminal is taken out.
    """
    try:
        with output.open("rb") as stream:
            start = stream.seek(max(0, until - TAIL_BYTES))
            ending = stream.read(until - start)
    except FileNotFoundError:
        return ""
    return printable(ending.lstrip(bytes(range(0x80, 0xC0))).decode("utf-8", "replace"))


def find(mark: bytes, output: Path, *, since: int = 0) -> int | None:
    """Return where in `output` the mark stands, looked for from the end back to `since`."""
    with output.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        while end > since:
            begin = stream.seek(max(since, end - _SEARCHED_AT_ONCE))
            found = stream.read(end - begin + len(mark)).rfind(mark)
            if found >= 0:
                return begin + found
            end = begin
    return None


def printable(text: str) -> str:
    """Return `text` without escape sequences and control characters, but with its lines."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def last_line(text: str) -> str:
    """Return the last line of `text` that says something, shortened from the left."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-LINE_CHARACTERS:] if lines else ""
