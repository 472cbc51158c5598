"""Taking back an install that was not committed, from what it wrote down before its first change.

Undoing is safe to repeat, and safe for changes that were never reached.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH103, PTH108, PTH112, PTH114, PTH120

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from agent.attributes import Attributes, labels, restore_labels, set_attributes
from agent.durability import sync_directories
from agent.effects import put, remove_directory, set_time
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
    """

    action: str
    path: str
    backup: str = ""
    attributes: Sequence[int] = ()
    labels: Mapping[str, str] = {}
    mtime_ns: int = 0


def undo_of_directory(action: str, path: str, real: str) -> Undo:
    """Return what gives the directory at `real` everything that it has now."""
    found = os.lstat(real)
    attributes = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    return Undo(action, path, attributes=attributes, labels=labels(real))


class TakingBack:
    """The undoing of one transaction.

    Args:
        state: Where its backups are.
        temporary: The file name that it wrote under.
    """

    def __init__(self, host: HostFiles, state: str, temporary: str) -> None:
        self._host = host
        self._state = state
        self._temporary = temporary

    def run(self, undos: Sequence[Undo], reached: int, step: Callable[[], None]) -> None:
        """Take the first `reached` changes back, the last one first and `step` before each.

        What stands where an install never came is somebody else's. All is on the disk then.
        """
        written = {parent(each.path) for each in undos if each.action in ("unlink", "restore")}
        self._remove_temporaries(written)
        unmade = self._unmade(undos[:reached])
        for undo in reversed(undos[:reached]):
            if parent(undo.path) not in unmade:
                step()
                self._undo(undo)
        sync_directories({os.path.dirname(self._host.real(each.path)) for each in undos})

    def _remove_temporaries(self, directories: Collection[str]) -> None:
        for directory in directories:
            try:
                os.unlink(self._host.real(f"{directory}/{self._temporary}"))
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
            if undo.action == "rmdir":
                real = self._host.real(undo.path)
                if parent(undo.path) in unmade or not _is_real_directory(real):
                    unmade.add(undo.path)
        return unmade

    def _undo(self, undo: Undo) -> None:
        real = self._host.real(undo.path)
        match undo.action:
            case "unlink":
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    os.unlink(real)
            case "rmdir":
                remove_directory(real)
            case "restore":
                os.makedirs(os.path.dirname(real), exist_ok=True)
                put(f"{self._state}/{undo.backup}", real, self._temporary)
            case "mkdir":
                os.makedirs(real, exist_ok=True)
                _restore_directory(real, undo)
            case "attributes":
                _restore_directory(real, undo)
            case "time":
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    set_time(real, undo.mtime_ns)


def _restore_directory(real: str, undo: Undo) -> None:
    if _is_real_directory(real):
        restore_labels(real, undo.labels)
        # Last: the group's part of the mode is the mask of an access control list.
        set_attributes(real, Attributes(*undo.attributes))


def _is_real_directory(real: str) -> bool:
    return os.path.isdir(real) and not os.path.islink(real)
