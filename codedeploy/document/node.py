"""A value of a document that knows where it stands."""

from dataclasses import dataclass
from typing import Any

_LONGEST_SHOWN = 60

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Node:
    """One value of a document.

    Attributes:
        value: A scalar, the entries of a map, or the items of a list.
        line: Where it stands, counted from 1; for an entry of a map, the line of its key.
        path: The keys and indexes that lead to it.
        written: A scalar as the text spells it, without quotes.
        is_refused: What stands there is already reported as a problem; `value` is None.
    """

    value: "Scalar | dict[str, Node] | tuple[Node, ...]"
    line: int = 1
    path: Path = ()
    written: str = ""
    is_refused: bool = False

    def key_path(self, *keys: str | int) -> str:
        """Return how people write where it, or something inside it, stands: `files[0].source`."""
        steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in (*self.path, *keys))
        return "".join(steps).removeprefix(".")

    @property
    def described(self) -> str:
        """What it is, in words."""
        match self.value:
            case None:
                return "nothing"
            case dict():
                return "a map"
            case tuple():
                return "a list"
            case str():
                return repr(shortened(self.value))
            case _:
                return shortened(self.written)

    def nearest(self, path: Path) -> "Node":
        """Return the value at `path` inside this one, or the deepest one on the way to it."""
        node = self
        for key in path:
            match node.value, key:
                case dict() as entries, str() if key in entries:
                    node = entries[key]
                case tuple() as items, int() if key < len(items):
                    node = items[key]
                case _:
                    break
        return node

    def without_nulls(self) -> Any:
        """Return it as plain Python values; entries of maps that hold nothing are left out."""
        match self.value:
            case dict() as entries:
                kept = ((key, node.without_nulls()) for key, node in entries.items())
                return {key: value for key, value in kept if value is not None}
            case tuple() as items:
                return [item.without_nulls() for item in items]
            case scalar:
                return scalar


def shortened(text: str) -> str:
    """Return `text`, or its beginning if it is too long for a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
