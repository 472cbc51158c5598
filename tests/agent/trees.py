"""Trees on disk in the tests' own words: written from a dict, read back as a dict."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class File:
    content: str = ""
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class Directory:
    mode: int = 0o755
    children: "Mapping[str, Node]" = field(default_factory=dict)


Node = File | Link | Directory
OLD = 1_000_000_000


def directory(mode: int = 0o755, /, **children: Node) -> Directory:
    return Directory(mode, children)


def write(path: Path, node: Node) -> Path:
    match node:
        case File(content, mode):
            path.write_text(content)
            path.chmod(mode)
            os.utime(path, (OLD, OLD))
        case Link(target):
            path.symlink_to(target)
        case Directory(mode, children):
            path.mkdir(exist_ok=True, parents=True)
            for name, child in children.items():
                write(path / name, child)
            path.chmod(mode)
    return path


def read(path: Path) -> Node:
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return Link(str(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return Directory(mode, {child.name: read(child) for child in path.iterdir()})
    return File(path.read_text(), mode)
