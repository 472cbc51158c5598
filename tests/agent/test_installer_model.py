"""Any AppSpec on any host: install A, then B, then A again, against a model of our own."""

import json
import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior, parse_server
from tests.agent.machine import LEAVES, Machine, trees
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


SOURCES = st.sampled_from(["/", "a", "b", "a/b", "c"])
PLACES = st.sampled_from(["/", "/a", "/b", "/a/c", "/new/deep"])
RULES = st.builds(
    Rule,
    st.sampled_from(["/", "/a", "/a/b", "/new"]),
    st.sampled_from(["**", "*", "a", "*/b"]),
    st.sets(st.sampled_from(["file", "directory"]), min_size=1).map(frozenset),
    st.sampled_from([0o700, 0o640, 0o4711]),
)
REVISIONS = st.builds(
    Revision,
    trees(LEAVES),
    st.lists(st.tuples(SOURCES, PLACES), min_size=1, max_size=2).map(tuple),
    st.lists(RULES, max_size=2).map(tuple),
)


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


def copies(content: Flat, source: str, place: str) -> Flat:
    """What one entry of `files` puts where."""
    source = "" if source == "/" else f"/{source}"
    place = place.rstrip("/")
    if not source or isinstance(content.get(source), Directory):
        return {
            place + path[len(source) :]: node
            for path, node in content.items()
            if path.startswith(f"{source}/")
        }
    if source not in content:
        raise Impossible
    return {f"{place}/{posixpath.basename(source)}": content[source]}


def wanted(revision: Revision) -> Flat:
    """All that a revision puts on a host; the first of two directories decides the mode."""
    content = flat(revision.content)
    found: Flat = {}
    above: set[str] = set()
    for source, place in revision.files:
        for path, node in copies(content, source, place).items():
            if path in found and not both_directories(found[path], node):
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


def overlay(base: Flat, revision: Revision, behavior: FileExistsBehavior) -> Flat:
    """What a host that held `base` is to hold with the revision."""
    arriving: Flat = {}
    for path, node in wanted(revision).items():
        there = base.get(path)
        if there is not None and isinstance(there, Directory) != isinstance(node, Directory):
            raise Impossible
        if there is None or (behavior is OVERWRITE and not isinstance(node, Directory)):
            arriving[path] = node
        elif behavior is DISALLOW and not isinstance(node, Directory):
            raise Impossible
    return base | permitted(arriving, revision.rules)


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


@settings(max_examples=150, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=REVISIONS,
    second=REVISIONS,
    behavior=st.sampled_from(FileExistsBehavior),
)
def test_a_host_shows_what_was_there_first_and_just_the_last_revision(
    base: Directory, first: Revision, second: Revision, behavior: FileExistsBehavior
) -> None:
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place), base)
        expected = before = flat(base)

        for number, revision in enumerate((first, second, first)):
            try:
                expected = overlay(before, revision, behavior)
                is_possible = True
            except Impossible:
                is_possible = False
            event(f"possible: {is_possible}")

            assert installs(machine, revision, f"d-{number}", behavior) == is_possible
            tree = machine.tree
            assert isinstance(tree, Directory)
            assert flat(tree) == expected


def installs(
    machine: Machine, revision: Revision, deployment_id: str, behavior: FileExistsBehavior
) -> bool:
    try:
        machine.installer().install(
            machine.archive(revision.content),
            parse_server(revision.appspec),
            deployment_id=deployment_id,
            file_exists_behavior=behavior,
        )
    except InstallFailed:
        return False
    return True
