"""Patterns of an AppSpec's `permissions`, and the paths below their object that they fit."""

import re
from functools import cache

EVERYTHING = "**"

_WILDCARD = re.compile(r"(\*\*/|\*\*|\*)")
_WILDCARDS = _ANY_DEPTH, _ANYTHING, _ANY_NAME = "**/", "**", "*"


def fits(pattern: str, path: str) -> bool:
    """Whether a pattern fits the whole of a path.

    `*` stays inside one directory, so that `*.sh` means direct children, as with AWS; `**` crosses
    directories. Differs from AWS: `**/*.sh` and `bin/*` work.
    """
    # No regular expression: one tries every way to share a path out among its wildcards. With ten
    # of them that takes longer than any timeout, and no signal reaches a process that does it.
    tokens = _tokens(pattern)
    if tokens and tokens[-1] not in _WILDCARDS and not path.endswith(tokens[-1]):
        return False
    reached = {0}
    for token in tokens:
        reached = _reached(token, reached, path)
        if not reached:
            return False
    return len(path) in reached


@cache
def _tokens(pattern: str) -> tuple[str, ...]:
    """Return wildcards and what is between them; of wildcards in a row those that matter."""
    tokens: list[str] = []
    for token in filter(None, _WILDCARD.split(pattern)):
        previous = tokens[-1] if tokens else ""
        if token == previous and token in _WILDCARDS:
            continue
        if previous == _ANYTHING and token in (_ANY_DEPTH, _ANY_NAME):
            continue
        if token == _ANYTHING and previous == _ANY_DEPTH:
            tokens.pop()
        tokens.append(token)
    return tuple(tokens)


def _reached(token: str, places: set[int], path: str) -> set[int]:
    """Return where in the path one may be behind a token, from the places before it."""
    first = min(places)
    match token:
        case "**/":
            ends = (place + 1 for place in range(first, len(path)) if path[place] == "/")
            return places.union(ends)
        case "**":
            return set(range(first, len(path) + 1))
        case "*":
            return _within_names(places, path)
    return {place + len(token) for place in places if path.startswith(token, place)}


def _within_names(places: set[int], path: str) -> set[int]:
    """Return the places, and those behind them up to the end of the name that each is in."""
    reached: set[int] = set()
    end = -1
    for place in sorted(places):
        if place > end:
            slash = path.find("/", place)
            end = len(path) if slash < 0 else slash
            reached.update(range(place, end + 1))
    return reached
