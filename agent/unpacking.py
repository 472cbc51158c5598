"""How members of an archive become files: by the rules for names and links, within limits."""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH101, PTH102, PTH108, PTH113, PTH208, PTH211

import contextlib
import os
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from activities.archives import MOST_MEMBERS
from agent.content import MAKES_A_FILE, opened, write
from agent.interruption import Check, go_on
from codedeploy.members import (
    LONGEST_NAME,
    Shape,
    UnsafeMember,
    check_length,
    check_top,
    plain_name,
)

_AT_ONCE = 1 << 20
_LATEST_TIME = 1 << 33
_UNSAID_MODE = 0o755


@dataclass(frozen=True)
class UnpackLimits:
    """What a bundle may grow to.

    Attributes:
        members: How many it may have.
        name_bytes: Of one member's whole path, or of a link's target.
    """

    total_bytes: int = 10 * 1024**3
    members: int = MOST_MEMBERS
    name_bytes: int = LONGEST_NAME


class Unpacking:
    """One bundle on its way into a directory that nobody else uses.

    Call `begin` for each member, then the method of its kind.

    Attributes:
        root: The directory.
        limits: What the bundle may grow to.
        member: Name of the current member, for messages.
    """

    def __init__(self, root: Path, limits: UnpackLimits, check: Check = go_on) -> None:
        self.root = root
        self._root = os.fspath(root)
        self.member = ""
        self.limits = limits
        self._check = check
        self._name = ""
        self._bytes = 0
        self._shape = Shape(lambda name: os.path.lexists(self._path(name)))
        self._modes: dict[str, int] = {}

    def refuse(self, reason: str) -> NoReturn:
        """Refuse the bundle because of the current member."""
        raise UnsafeMember(reason, member=self.member)

    def begin(self, member: str, size: int) -> None:
        """Start on a member: its name must stay in the tree and pass through no link."""
        self.member = member
        self._check()
        check_length(member, "has a name", most=self.limits.name_bytes)
        self._name = plain_name(member)
        self._check_total(self._bytes + size)
        for directory in self._shape.add_parents(self._name):
            os.mkdir(self._path(directory), 0o700)

    def directory(self, mode: int) -> None:
        """Make the member a directory; its mode is set when all is unpacked."""
        if self._shape.add_directory(self._name):
            os.mkdir(self._path(self._name), 0o700)
        self._modes[self._name] = mode & 0o777

    def file(self, content: IO[bytes], mode: int, mtime: float) -> None:
        """Write the member's content to a file."""
        with self._new_file() as target:
            while chunk := content.read(_AT_ONCE):
                self._check()
                self._bytes += len(chunk)
                self._check_total(self._bytes)
                write(target, chunk)
            os.fchmod(target, mode & 0o777)
            moment = max(0.0, min(mtime, _LATEST_TIME))
            os.utime(target, (moment, moment))

    def _new_file(self) -> opened:
        self._shape.add_file(self._name)
        path = self._path(self._name)
        try:
            return opened(path, MAKES_A_FILE)
        except FileExistsError:
            os.unlink(path)
            return opened(path, MAKES_A_FILE)

    def symbolic_link(self, target: str) -> None:
        """Make the member a symbolic link whose target stays in the tree."""
        check_length(target, "has a target", most=self.limits.name_bytes)
        self._shape.add_link(self._name, target)
        self._make_way()
        os.symlink(target, self._path(self._name))

    def hard_link(self, target: str) -> None:
        """Make the member another name of an earlier file."""
        name = plain_name(target)
        path = self._path(name)
        is_below_link = posixpath.dirname(name) not in self._shape.directories
        if name in self._shape.links or is_below_link or not os.path.isfile(path):
            self.refuse(f"is a hard link to {target!r}, which is no earlier file of the bundle")
        if name != self._name:
            self._shape.add_file(self._name)
            self._make_way()
            os.link(path, self._path(self._name), follow_symlinks=False)

    def finish(self) -> Path:
        """Set the modes of directories and return the revision's root.

        If the bundle is one directory, that is the root.
        """
        names = os.listdir(self.root)
        top = names[0] if len(names) == 1 and names[0] in self._shape.directories else ""
        check_top(top, self._shape.links)
        for name in sorted(self._shape.directories, reverse=True):
            os.chmod(self._path(name), self._modes.get(name, _UNSAID_MODE))
        os.chmod(self._path(top), 0o755)
        return self.root / top if top else self.root

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _check_total(self, total: int) -> None:
        if total > self.limits.total_bytes:
            self.refuse(f"makes the bundle unpack to over {self.limits.total_bytes} bytes")

    def _make_way(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(self._name))
