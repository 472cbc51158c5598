"""What a host is to show after deployments and edits: a model of our own, slow and simple."""

import copy
import json
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codedeploy.appspec import FileExistsBehavior
from tests.agent.trees import Directory, File, Link, Node

DISALLOW, OVERWRITE, RETAIN = FileExistsBehavior

Flat = dict[str, Node]
"""A tree by path; directories are there without their children."""


@dataclass(frozen=True)
class Rule:
    """One entry of an AppSpec's permissions."""

    object: str
    pattern: str
    types: frozenset[str]
    mode: int

    @property
    def text(self) -> dict[str, Any]:
        return {
            "object": self.object,
            "pattern": self.pattern,
            "type": sorted(self.types),
            "mode": f"{self.mode:04o}",
        }


@dataclass(frozen=True)
class Revision:
    content: Directory
    files: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]

    @property
    def appspec(self) -> str:
        files = [{"source": source, "destination": place} for source, place in self.files]
        rules = [rule.text for rule in self.rules]
        return json.dumps({"version": 0, "os": "linux", "files": files, "permissions": rules})


class Impossible(Exception):
    """The install must be refused."""


def flat(tree: Directory, above: str = "") -> Flat:
    found: Flat = {}
    for name, node in tree.children.items():
        path = f"{above}/{name}"
        found[path] = Directory(node.mode) if isinstance(node, Directory) else node
        if isinstance(node, Directory):
            found |= flat(node, path)
    return found


def parents(path: str) -> Iterator[str]:
    while path != "/":
        yield path
        path = posixpath.dirname(path)


def copies(content: Flat, source: str, place: str) -> dict[str, str]:
    """Which path of the content one entry of `files` puts where."""
    source = "" if source == "/" else f"/{source}"
    place = place.rstrip("/")
    if not source or isinstance(content.get(source), Directory):
        return {
            place + path[len(source) :]: path for path in content if path.startswith(f"{source}/")
        }
    if source not in content:
        raise Impossible
    return {f"{place}/{posixpath.basename(source)}": source}


def wanted(revision: Revision) -> Flat:
    """All that a revision puts on a host; the first of two directories decides the mode."""
    content = flat(revision.content)
    found: Flat = {}
    came_from: dict[str, str] = {}
    above: set[str] = set()
    for source, place in revision.files:
        for path, origin in copies(content, source, place).items():
            node = content[origin]
            is_same = came_from.setdefault(path, origin) == origin
            if not (is_same or both_directories(found[path], node)):
                raise Impossible
            found.setdefault(path, node)
            above |= set(parents(posixpath.dirname(path)))
        above |= set(parents(place))
    for path in above:
        if not isinstance(found.setdefault(path, Directory()), Directory):
            raise Impossible
    return found


def both_directories(one: Node, other: Node) -> bool:
    return isinstance(one, Directory) and isinstance(other, Directory)


def permitted(arriving: Flat, rules: Sequence[Rule]) -> Flat:
    ruled = dict(arriving)
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        if isinstance(arriving.get(rule.object), File) and not (
            rule.pattern == "**" and "file" in rule.types
        ):
            raise Impossible
        for path, node in arriving.items():
            if fits(rule, path, node):
                if (rule.object, path) in seen:
                    raise Impossible
                seen.add((rule.object, path))
                ruled[path] = with_mode(ruled[path], rule.mode)
    return ruled


def fits(rule: Rule, path: str, node: Node) -> bool:
    if isinstance(node, Link):
        return False
    if path == rule.object:
        return isinstance(node, File)
    prefix = rule.object.rstrip("/") + "/"
    if not path.startswith(prefix):
        return False
    kind = "file" if isinstance(node, File) else "directory"
    return kind in rule.types and PATTERNS[rule.pattern](path[len(prefix) :].split("/"))


PATTERNS: Mapping[str, Callable[[list[str]], bool]] = {
    "**": lambda parts: True,
    "*": lambda parts: len(parts) == 1,
    "a": lambda parts: parts == ["a"],
    "*/b": lambda parts: len(parts) == 2 and parts[1] == "b",
}


def with_mode(node: Node, mode: int) -> Node:
    return File(node.content, mode) if isinstance(node, File) else Directory(mode)


@dataclass(frozen=True)
class Left:
    """What a group's memory holds of a file that it has left to whoever changed it."""


class Model:
    """A host with several groups.

    Attributes:
        shown: What is there.
        put: What each group remembers to have put there.
        first: Files that are to come back.
    """

    def __init__(self, base: Directory) -> None:
        self.shown = flat(base)
        self.put: dict[str, dict[str, Node | Left]] = {}
        self.first: Flat = {}

    def write(self, path: str, content: str) -> bool:
        """Have somebody write a file, if there is one or a directory for it."""
        is_possible = isinstance(self.shown.get(path), File) or (
            path not in self.shown and self._has_parent(path)
        )
        if is_possible:
            there = self.shown.get(path)
            mode = there.mode if isinstance(there, File) else 0o644
            self.shown[path] = File(content, mode)
        return is_possible

    def remove(self, path: str) -> bool:
        """Have somebody remove a file or link, if there is one."""
        is_possible = not isinstance(self.shown.get(path, Directory()), Directory)
        if is_possible:
            del self.shown[path]
        return is_possible

    def deploy(self, group: str, revision: Revision, behavior: FileExistsBehavior) -> None:
        """Deploy; if that is impossible, change nothing."""
        arriving = wanted(revision)
        after = copy.deepcopy(self)
        after._depart(group, arriving)
        placed = after._arrive(group, arriving, behavior)
        permitted(placed, revision.rules)
        after.shown |= permitted(placed, revision.rules)
        vars(self).update(vars(after))

    def _depart(self, group: str, arriving: Flat) -> None:
        mine = self.put.setdefault(group, {})
        for path in sorted(mine, reverse=True):
            if isinstance(mine[path], Directory):
                self._leave_directory(mine, path, arriving.get(path))
            elif not is_leaf(arriving.get(path)):
                self._leave_leaf(mine, path, arriving.get(path))

    def _leave_directory(
        self, mine: dict[str, Node | Left], path: str, successor: Node | None
    ) -> None:
        if isinstance(successor, Directory):
            return
        if not any(posixpath.dirname(other) == path for other in self.shown):
            del self.shown[path], mine[path]
        elif successor is not None:
            raise Impossible

    def _leave_leaf(self, mine: dict[str, Node | Left], path: str, successor: Node | None) -> None:
        there, put = self.shown.get(path), mine[path]
        if isinstance(there, Directory):
            if path not in self.first:
                del mine[path]
        elif successor is not None and (path in self.first or is_changed(there, put)):
            raise Impossible
        elif is_changed(there, put):
            mine[path] = Left()
        else:
            del mine[path]
            self.shown.pop(path, None)
            first = self.first.pop(path, None)
            if first is not None and self._has_parent(path):
                self.shown[path] = first

    def _arrive(self, group: str, arriving: Flat, behavior: FileExistsBehavior) -> Flat:
        """Return what is placed, after looking whether all of it can be."""
        placed: Flat = {}
        for path, node in sorted(arriving.items()):
            there = self.shown.get(path)
            if there is not None and isinstance(there, Directory) != isinstance(node, Directory):
                raise Impossible
            if self._is_placed(group, path, node, behavior):
                placed[path] = self.shown[path] = self.put[group][path] = node
                self._forget(group, path, node)
        return placed

    def _is_placed(self, group: str, path: str, node: Node, behavior: FileExistsBehavior) -> bool:
        there, mine = self.shown.get(path), self.put[group].get(path)
        if there is None or isinstance(node, Directory):
            return there is None or isinstance(mine, Directory)
        if is_leaf(mine) and not isinstance(mine, Left):
            return True
        if behavior is DISALLOW and not isinstance(mine, Left):
            raise Impossible
        if behavior is not RETAIN and not self._is_of_another(group, path):
            self.first[path] = there
        return behavior is not RETAIN

    def _is_of_another(self, group: str, path: str) -> bool:
        there = self.shown[path]
        return any(
            path in put and is_leaf(put[path]) and not is_changed(there, put[path])
            for other, put in self.put.items()
            if other != group
        )

    def _forget(self, group: str, path: str, node: Node) -> None:
        """Have the other groups forget what is of the same kind and this group's now."""
        for other, put in self.put.items():
            if other != group and path in put and is_leaf(put[path]) == is_leaf(node):
                del put[path]

    def _has_parent(self, path: str) -> bool:
        above = posixpath.dirname(path)
        return above == "/" or isinstance(self.shown.get(above), Directory)


def is_leaf(node: Node | Left | None) -> bool:
    return isinstance(node, File | Link | Left)


def is_changed(there: Node | None, put: Node | Left) -> bool:
    """Whether something else than what was put there is there."""
    if there is None or isinstance(put, Left):
        return there is not None
    if isinstance(there, File) and isinstance(put, File):
        return there.content != put.content
    return there != put
