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

from agent.backup import BACKUP, Backup
from agent.content import LARGE
from agent.durability import durability
from agent.effects import Effects, Places
from agent.grip import Grip
from agent.host_files import HostFiles
from agent.interruption import Check
from agent.layout import sync_directory, write_durably
from agent.ownership import ORIGINALS, RECORD, Ownership
from agent.progress import counted, counting
from agent.runners import current_boot_id
from agent.unchanged import Change, Survey
from agent.undo import TakingBack, Undo
from codedeploy.installation import InstallPlan, Owned, Place, parent

Step = Callable[[], None]


class Transaction:
    """The install transactions of one group on this host; there is at most one at a time.

    Args:
        state: The group's own directory.
        host: Where they install.
        step: Called before every change on disk; a test makes it fail.
        check: Asked before every change of an install, but for its commit.
    """

    def __init__(self, state: Path, host: HostFiles, step: Step, *, check: Check) -> None:
        self._state = state
        self._host = host
        self._step = step
        self._check = check
        self._record = state / "transaction.json"
        self._progress = state / "progress"
        self._ownership = state / RECORD
        self._backup = state / BACKUP
        self._originals = state / ORIGINALS

    def ownership(self) -> Ownership:
        """Return what the group owns."""
        return Ownership.read(self._ownership)

    def run(self, plan: InstallPlan, archive: Path, committed: Ownership) -> Ownership:
        """Carry `plan` out and commit it; after whatever this raises `recover` takes it back.

        Args:
            plan: What is to be done.
            archive: The unpacked revision.
            committed: What the group owns then, but for the identities of files.
        """
        token = committed.token
        survey = Survey(self._host, archive)
        changes = list(survey.changes(plan.operations))
        places = Places(os.fspath(archive), os.fspath(self._originals), _temporary(token))
        with Grip(self._host, plan.followed) as grip:
            undos = Backup(self._state, grip, self._step).made(changes)
            self._step()
            with counting(self._progress) as reached:
                self._write_record(token, undos, plan.followed)
                placed = self._apply(changes, grip, places=places, reached=reached)
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

    def _write_record(self, token: str, undos: Sequence[Undo], followed: Sequence[str]) -> None:
        record = {
            "token": token,
            "boot": current_boot_id(),
            "destinationRoot": self._host.root,
            "followed": followed,
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
        state, temporary = os.fspath(self._state), _temporary(record["token"])
        # Without its root, on a disk that is absent, nothing is restored: this raises.
        with Grip(host, record["followed"]) as grip:
            taking_back = TakingBack(host, grip, state=state, temporary=temporary)
            taking_back.run(undos, reached, self._step)
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

    def _apply(
        self,
        changes: Sequence[Change],
        grip: Grip,
        *,
        places: Places,
        reached: Callable[[int], None],
    ) -> Mapping[str, str]:
        """Carry the changes out, `reached` told of each before; they are on the disk then.

        Returns:
            The identities of the files that were placed.
        """
        above = {parent(change.path) for change in changes}
        directories = {self._host.real(directory) for directory in above}
        small = sum(isinstance(each, Place) and each.entry.size < LARGE for each in changes)
        with durability(directories, small_files=small) as durable:
            effects = Effects(grip, places, wrote=durable.wrote)
            for number, change in enumerate(changes):
                self._check()
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
