"""An install that happens wholly or not at all.

    <state>/ownership.json     what the group owns; replacing it is the commit
    <state>/transaction.json   how to undo the install under way, written before its first change
    <state>/progress           how many of its changes were begun
    <state>/backup/<n>         what operation n replaces or removes
    <state>/originals/<n>      files of others that were overwritten; kept while the path is ours

Backups are hard links where possible, so they cost no space and keep every attribute. What is
already on the host as the revision has it is neither backed up nor written. Everything is on the
disk before the commit, so that a power failure cannot turn a committed file into an empty one.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH108, PTH208

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.content import LARGE
from agent.durability import durability, sync_directories
from agent.effects import Effects, Places, duplicate
from agent.host_files import HostFiles
from agent.layout import sync_directory, write_durably
from agent.ownership import ORIGINALS, RECORD, Ownership
from agent.progress import counted, counting
from agent.runners import current_boot_id
from agent.unchanged import Change, SetTime, Survey
from agent.undo import TakingBack, Undo, undo_of_directory
from codedeploy.installation import (
    InstallPlan,
    MakeDirectory,
    Owned,
    Place,
    PutBack,
    RemoveDirectory,
    parent,
)

Step = Callable[[], None]


class Transaction:
    """The install transactions of one group on this host; there is at most one at a time.

    Args:
        state: The group's own directory.
        step: Called before every change on disk; a test makes it fail.
    """

    def __init__(self, state: Path, host: HostFiles, step: Step) -> None:
        self._state = state
        self._host = host
        self._step = step
        self._record = state / "transaction.json"
        self._progress = state / "progress"
        self._ownership = state / RECORD
        self._backup = state / "backup"
        self._originals = state / ORIGINALS

    def ownership(self) -> Ownership:
        """Return what the group owns."""
        return Ownership.read(self._ownership)

    def run(self, plan: InstallPlan, archive: Path, committed: Ownership) -> Ownership:
        """Carry `plan` out and commit it; after a failure `recover` takes it back.

        Args:
            plan: What is to be done.
            archive: The unpacked revision.
            committed: What the group owns then, but for the identities of files.
        """
        token = committed.token
        survey = Survey(self._host, archive)
        changes = list(survey.changes(plan.operations))
        undos = self._back_up(changes)
        places = Places(os.fspath(archive), os.fspath(self._originals), _temporary(token))
        self._step()
        with counting(self._progress) as reached:
            self._write_record(token, undos)
            placed = self._apply(changes, places, reached)
        self._step()
        ownership = _with_identities(committed, {**survey.identities, **placed})
        ownership.write(self._ownership)
        return ownership

    def recover(self) -> None:
        """Finish a committed transaction, take an uncommitted one back, and clear up."""
        if not any(path.exists() for path in (self._record, self._backup, self._originals)):
            return
        ownership, record = self.ownership(), self._read_record()
        if record is not None and record["token"] != ownership.token:
            self._take_back(record)
        self.clear_up(ownership)

    def _write_record(self, token: str, undos: Sequence[Undo]) -> None:
        record = {
            "token": token,
            "boot": current_boot_id(),
            "destinationRoot": self._host.root,
            "undos": undos,
        }
        write_durably(self._record, json.dumps(record))

    def _read_record(self) -> Any:
        try:
            return json.loads(self._record.read_bytes())
        except FileNotFoundError:
            return None

    def _take_back(self, record: Mapping[str, Any]) -> None:
        undos = [Undo(*fields) for fields in record["undos"]]
        reached = len(undos)
        if record["boot"] == current_boot_id():
            reached = counted(self._progress, otherwise=reached)
        host = HostFiles(Path(record["destinationRoot"]))
        Path(host.root).stat()  # Nothing is to be restored into a disk's absence.
        temporary = _temporary(record["token"])
        TakingBack(host, os.fspath(self._state), temporary).run(undos, reached, self._step)
        # A record that came back after a power failure would miss its backups.
        self._record.unlink()
        sync_directory(self._state)

    def clear_up(self, ownership: Ownership) -> None:
        """Forget the last transaction, which is committed or taken back, and its backups."""
        self._step()
        self._record.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)
        self._step()
        _clear(self._backup, keep=set())
        _clear(self._originals, keep=ownership.originals)

    def _back_up(self, changes: Sequence[Change]) -> list[Undo]:
        for directory in (self._backup, self._originals):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        undos = [self._prepare(each, number) for number, each in enumerate(changes)]
        sync_directories([os.fspath(self._backup), os.fspath(self._originals)])
        return undos

    def _prepare(self, change: Change, number: int) -> Undo:
        """Save what a change will destroy and return what takes it back."""
        path = change.path
        if isinstance(change, Place) and change.original_at:
            self._step()
            duplicate(change.original_at, f"{self._originals}/{change.original}")
        match change:
            case MakeDirectory(exists=False):
                return Undo("rmdir", path)
            case MakeDirectory():
                return undo_of_directory("attributes", path, self._host.real(path))
            case RemoveDirectory():
                return undo_of_directory("mkdir", path, self._host.real(path))
            case SetTime():
                found = os.lstat(self._host.real(path))
                return Undo("time", path, mtime_ns=found.st_mtime_ns)
            case Place(replaces=False) | PutBack(replaces=False):
                return Undo("unlink", path)
            case Place(original=int(original), original_at=""):
                backup = f"{ORIGINALS}/{original}"
            case _:
                backup = f"backup/{number}"
        self._step()
        duplicate(self._host.real(path), f"{self._state}/{backup}")
        return Undo("restore", path, backup)

    def _apply(
        self, changes: Sequence[Change], places: Places, reached: Callable[[int], None]
    ) -> Mapping[str, str]:
        """Carry the changes out, `reached` told of each before; they are on the disk then.

        Returns:
            The identities of the files that were placed.
        """
        above = {parent(change.path) for change in changes}
        directories = {self._host.real(directory) for directory in above}
        small = sum(isinstance(each, Place) and each.entry.size < LARGE for each in changes)
        with durability(directories, small_files=small) as durable:
            effects = Effects(self._host, places, wrote=durable.wrote)
            for number, change in enumerate(changes):
                self._step()
                reached(number + 1)
                try:
                    effects.carry_out(change)
                except FileExistsError:
                    reached(number)
                    raise
            effects.finish()
            durable.finish()
        return effects.identities


def _with_identities(ownership: Ownership, identities: Mapping[str, str]) -> Ownership:
    paths = {
        path: Owned(owned.kind, owned.original, identities[path]) if path in identities else owned
        for path, owned in ownership.paths.items()
    }
    return replace(ownership, paths=paths)


def _temporary(token: str) -> str:
    return f".rollway-{token}.part"


def _clear(directory: Path, *, keep: set[str]) -> None:
    if not directory.is_dir():
        return
    # In the order of their numbers, which is that of the files on the disk: others take longer.
    for name in sorted(os.listdir(directory), key=lambda name: (len(name), name)):
        if name not in keep:
            os.unlink(f"{directory}/{name}")
    if not keep:
        directory.rmdir()
