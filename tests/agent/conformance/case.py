"""Conformance cases: what one is, and how it is read from its file.

A case is a YAML file below this directory. It tells a story in one or more steps, each a bundle
that is deployed with `rollway-agent local`, and what is then to be seen. Members of a bundle and of
a tree are written by path: a text is a file of mode 0644 with that content, and directories that
only lead somewhere have mode 0755.
"""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from tests.agent.trees import Directory, File, Link, Node

HERE = Path(__file__).parent


class Strict(BaseModel):
    """A part of a case; a key that means nothing is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(Strict):
    """A file, link or directory that is not just text.

    Attributes:
        mode: Octal digits.
    """

    file: str | None = None
    link: str | None = None
    mode: str | None = None

    @property
    def node(self) -> Node:
        if self.link is not None:
            return Link(self.link)
        if self.file is not None:
            return File(self.file, int(self.mode or "644", 8))
        return Directory(int(self.mode or "755", 8), {})


Tree = dict[str, str | Member]


class Packed(Strict):
    """A member of an archive that is written as it stands, however unsafe."""

    name: str
    text: str = ""
    link: str | None = None
    hard_link: str | None = None
    is_device: bool = False


class Step(Strict):
    """One deployment.

    Attributes:
        given: Put below the destination root first, by somebody else.
        removed: Taken away from there first, by somebody else.
        bundle: What is deployed.
        packed: The members of an archive, instead of `bundle`.
        content: The bytes of an archive, instead of `bundle`.
        cut: How many bytes are missing at the archive's end.
        command: Arguments after `rollway-agent local`, besides those that name the bundle, its
            type and the two roots.
        whole_command: All arguments after `rollway-agent local`.
        exit: The expected status.
        says: Parts of the output, in this order.
        says_not: What the output lacks.
        prints: All that scripts print, a line each.
        tree: What is below the destination root afterwards; None if it is not looked at.
        is_unchanged: The destination is as before.
        owners: `user:group` by path.
        acls: What getfacl says, without the header, by path.
    """

    given: Tree = {}
    removed: tuple[str, ...] = ()
    bundle: Tree = {}
    packed: tuple[Packed, ...] = ()
    content: str | None = None
    cut: int = 0
    type: Literal["directory", "tar", "tgz", "zip"] = "directory"
    command: tuple[str, ...] = ()
    whole_command: tuple[str, ...] | None = None
    exit: int = 0
    says: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()
    prints: tuple[str, ...] | None = None
    tree: Tree | None = None
    is_unchanged: bool = False
    owners: dict[str, str] = {}
    acls: dict[str, tuple[str, ...]] = {}


class Case(Strict):
    """A story.

    Attributes:
        official: What CodeDeploy's own agent does.
        differs: Why ours does otherwise; None if it does the same.
        is_process: Every deployment is a process of its own, as for a user.
        needs_root: Only an agent run by root can do it.
        needs: A program of the host.
        root: The agent's root, below the case's own directory.
    """

    official: str
    differs: str | None = None
    is_process: bool = False
    needs_root: bool = False
    needs: str | None = None
    root: str = "root"
    steps: tuple[Step, ...]


def read_case(path: Path) -> Case:
    """Return the case in a file; one with a single step may have that step's keys itself."""
    text = path.read_text("utf-8")
    members: dict[str, Any] = yaml.safe_load(text)
    if "steps" not in members:
        step = {key: members.pop(key) for key in list(members) if key in Step.model_fields}
        members["steps"] = [step]
    return Case.model_validate(members)


def all_cases() -> dict[str, Path]:
    """Return the files of all cases by their names."""
    return {str(path.relative_to(HERE).with_suffix("")): path for path in HERE.rglob("*.yml")}


def nested(tree: Tree) -> Directory:
    """Return a tree that is written by path as one of directories."""
    root = Directory(0o755, {})
    for path, member in sorted(tree.items()):
        node = File(member) if isinstance(member, str) else member.node
        *above, name = path.split("/")
        _directory(root, above)[name] = node
    return root


def _directory(root: Directory, names: list[str]) -> dict[str, Node]:
    """Return the children of a directory, which is made if need be."""
    children = root.children
    assert isinstance(children, dict)
    for name in names:
        child = children.setdefault(name, Directory(0o755, {}))
        assert isinstance(child, Directory)
        assert isinstance(child.children, dict)
        children = child.children
    return children
