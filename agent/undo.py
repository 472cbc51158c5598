"""Taking back an install that was not committed, from what it wrote down before its first change.

Undoing is safe to repeat, and safe for changes that were never reached. What is as it was is left
alone: the change may have failed because the host lets nobody make it, not even to take it back.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH108, PTH120

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from agent.attributes import (
    Attributes,
    attributes_of,
    labels,
    restore_labels,
    set_attributes,
)
from agent.durability import sync_directories
from agent.effects import put, remove_directory, set_time
from agent.grip import Grip
from agent.host_files import NOTHING_THERE, HostFiles
from codedeploy.installation import parent


class Undo(NamedTuple):
    """What takes one change back.

    Attributes:
        action: unlink, rmdir, restore, mkdir, attributes or time.
        backup: Where a restored file is, below the state directory.
        attributes: Mode, user and group of a directory as it was.
        labels: A directory's access control lists and SELinux label as they were.
        mtime_ns: When a file whose time is changed was modified.
        inode: Device and number of what stood where something is restored.
    """

    action: str
    path: str
    backup: str = ""
    attributes: Sequence[int] = ()
    labels: Mapping[str, str] = {}
    mtime_ns: int = 0
    inode: Sequence[int] = ()


def undo_of_directory(action: str, path: str, grip: Grip) -> Undo:
    """Return what gives the directory at `path` everything that it has now."""
    with grip.inside(path) as directory:
        attributes = attributes_of(directory)
        return Undo(action, path, attributes=attributes, labels=labels(directory))


class TakingBack:
    """The undoing of one transaction.

    Args:
        host: Where it was under way.
        grip: Leads to what it changed.
        state: Where its backups are.
        temporary: The file name that it wrote under.
    """

    def __init__(self, host: HostFiles, grip: Grip, *, state: str, temporary: str) -> None:
        self._host = host
        self._grip = grip
        self._state = state
        self._temporary = temporary

    def run(self, undos: Sequence[Undo], reached: int, step: Callable[[], None]) -> None:
        """Take the first `reached` changes back, the last one first and `step` before each.

        What stands where an install never came is somebody else's. All is on the disk then.

        Raises:
            OSError: Something is in the way of one of them; all others are taken back.
        """
        written = {parent(each.path) for each in undos if each.action in ("unlink", "restore")}
        self._remove_temporaries(written)
        unmade = self._unmade(undos[:reached])
        errors: list[OSError] = []
        for undo in reversed(undos[:reached]):
            if parent(undo.path) not in unmade:
                step()
                try:
                    self._undo(undo)
                except OSError as error:
                    errors.append(error)
        sync_directories({os.path.dirname(self._host.real(each.path)) for each in undos})
        if errors:
            raise errors[0]

    def _remove_temporaries(self, directories: Collection[str]) -> None:
        for directory in directories:
            try:
                with self._grip.on(f"{directory.rstrip('/')}/{self._temporary}") as path:
                    _unlink(path)
            except OSError as error:
                # A link to itself may stand where the directory was or was to be.
                if error.errno not in NOTHING_THERE:
                    raise

    def _unmade(self, undos: Sequence[Undo]) -> set[str]:
        """Return the directories that were to be made but are not there.

        A link of the old tree may still, or again, stand in such a directory's place: what is
        below is then not ours to touch.
        """
        unmade: set[str] = set()
        for undo in undos:
            is_below = parent(undo.path) in unmade
            if undo.action == "rmdir" and (is_below or not self._is_directory(undo.path)):
                unmade.add(undo.path)
        return unmade

    def _is_directory(self, path: str) -> bool:
        try:
            with self._grip.on(path) as there:
                return stat.S_ISDIR(os.lstat(there).st_mode)
        except OSError as error:
            if error.errno in NOTHING_THERE:
                return False
            raise

    def _undo(self, undo: Undo) -> None:
        match undo.action:
            case "restore":
                with self._grip.on(undo.path, makes=True) as path:
                    if inode_at(path) != tuple(undo.inode):
                        put(f"{self._state}/{undo.backup}", path, self._temporary)
            case "mkdir":
                with self._grip.inside(undo.path, makes=True) as directory:
                    _restore_directory(directory, undo)
            case _:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    self._undo_what_is_there(undo)

    def _undo_what_is_there(self, undo: Undo) -> None:
        if undo.action == "attributes":
            with self._grip.inside(undo.path) as directory:
                _restore_directory(directory, undo)
            return
        with self._grip.on(undo.path) as path:
            match undo.action:
                case "unlink":
                    with contextlib.suppress(IsADirectoryError):
                        _unlink(path)
                case "rmdir":
                    if inode_at(path) is not None:
                        remove_directory(path)
                case "time":
                    if os.lstat(path).st_mtime_ns != undo.mtime_ns:
                        set_time(path, undo.mtime_ns)


def _unlink(path: str) -> None:
    """Remove a file or link, if there is one: a read-only disk refuses even to look for it."""
    if inode_at(path) is not None:
        os.unlink(path)


def _restore_directory(directory: str, undo: Undo) -> None:
    restore_labels(directory, undo.labels)
    # Last: the group's part of the mode is the mask of an access control list.
    set_attributes(directory, Attributes(*undo.attributes))


def inode_at(path: str) -> tuple[int, int] | None:
    """Return device and number of the file or link at `path`; None if there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
