"""Saving what an install is about to destroy, so that it can be taken back."""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.durability import sync_directories
from agent.effects import duplicate
from agent.grip import Grip
from agent.ownership import ORIGINALS
from agent.unchanged import Change, SetTime
from agent.undo import Undo, inode_at, undo_of_directory
from codedeploy.installation import MakeDirectory, Place, PutBack, RemoveDirectory

BACKUP = "backup"
"""The directory beside a group's record with what the install under way replaces or removes."""


class Backup:
    """What one install destroys.

    Args:
        state: The group's own directory.
        grip: Leads to it.
        step: Called before every change on disk.
    """

    def __init__(self, state: Path, grip: Grip, step: Callable[[], None]) -> None:
        self._state = state
        self._grip = grip
        self._step = step

    def made(self, changes: Sequence[Change]) -> list[Undo]:
        """Save what the changes will destroy, and return what takes each back."""
        directories = [self._state / BACKUP, self._state / ORIGINALS]
        for directory in directories:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        undos = [self._undo_of(each, number) for number, each in enumerate(changes)]
        sync_directories(map(os.fspath, directories))
        return undos

    def _undo_of(self, change: Change, number: int) -> Undo:
        path = change.path
        if isinstance(change, Place) and change.original_at:
            self._step()
            duplicate(change.original_at, f"{self._state}/{ORIGINALS}/{change.original}")
        match change:
            case MakeDirectory(exists=False):
                return Undo("rmdir", path)
            case MakeDirectory():
                return undo_of_directory("attributes", path, self._grip)
            case RemoveDirectory():
                return undo_of_directory("mkdir", path, self._grip)
            case SetTime():
                with self._grip.on(path) as there:
                    return Undo("time", path, mtime_ns=os.lstat(there).st_mtime_ns)
            case Place(replaces=False) | PutBack(replaces=False):
                return Undo("unlink", path)
            case Place(original=int(original), original_at=""):
                return self._saved(path, f"{ORIGINALS}/{original}")
            case _:
                return self._saved(path, f"{BACKUP}/{number}")

    def _saved(self, path: str, backup: str) -> Undo:
        self._step()
        with self._grip.on(path) as there:
            duplicate(there, f"{self._state}/{backup}")
            return Undo("restore", path, backup, inode=inode_at(there) or ())
