"""An install that happens wholly or not at all.

    <state>/ownership.json     what the group owns; replacing it is the commit
    <state>/transaction.json   how to undo the install under way, written before its first change
    <state>/backup/<n>         what operation n replaces or removes
    <state>/originals/<n>      files of others that were overwritten; kept while the path is ours

Backups are hard links where possible, so they cost no space and keep every attribute. Undoing is
safe to repeat, and safe for operations that were never reached.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH103, PTH108, PTH112, PTH114, PTH120, PTH208

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.effects import Attributes, Effects, duplicate, put, remove_directory, set_attributes
from agent.host_files import HostFiles
from agent.layout import write_durably
from agent.ownership import Ownership
from codedeploy.installation import (
    InstallPlan,
    MakeDirectory,
    Operation,
    Place,
    PutBack,
    RemoveDirectory,
)

Step = Callable[[], None]


class Undo(NamedTuple):
    """What takes one operation back.

    Attributes:
        action: unlink, rmdir, restore, mkdir or attributes.
        backup: Where a restored file is, below the state directory.
        attributes: Mode, user and group of a directory as it was.
    """

    action: str
    path: str
    backup: str = ""
    attributes: Sequence[int] = ()


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
        self._ownership = state / "ownership.json"
        self._backup = state / "backup"
        self._originals = state / "originals"

    def ownership(self) -> Ownership:
        """Return what the group owns."""
        return Ownership.read(self._ownership)

    def run(self, plan: InstallPlan, archive: Path, *, deployment_id: str) -> Ownership:
        """Carry `plan` out and commit it; after a failure `recover` takes it back."""
        token = secrets.token_hex(4)
        undos = self._back_up(plan)
        self._step()
        write_durably(self._record, json.dumps({"token": token, "undos": undos}))
        effects = Effects(
            self._host, archive, originals=self._originals, temporary=_temporary(token)
        )
        for operation in plan.operations:
            self._step()
            effects.carry_out(operation)
        self._step()
        ownership = Ownership(deployment_id, token, plan.owned)
        ownership.write(self._ownership)
        return ownership

    def recover(self) -> None:
        """Finish a committed transaction, take an uncommitted one back, and clear up."""
        if not any(path.exists() for path in (self._record, self._backup, self._originals)):
            return
        ownership = self.ownership()
        with contextlib.suppress(FileNotFoundError):
            record = json.loads(self._record.read_bytes())
            if record["token"] != ownership.token:
                self._take_back([Undo(*fields) for fields in record["undos"]], record["token"])
        self.clear_up(ownership)

    def clear_up(self, ownership: Ownership) -> None:
        """Forget the last transaction, which is committed or taken back, and its backups."""
        self._step()
        self._record.unlink(missing_ok=True)
        self._step()
        _clear(self._backup, keep=set())
        _clear(self._originals, keep=ownership.originals)

    def _back_up(self, plan: InstallPlan) -> list[Undo]:
        for directory in (self._backup, self._originals):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [self._prepare(each, number) for number, each in enumerate(plan.operations)]

    def _prepare(self, operation: Operation, number: int) -> Undo:
        """Save what an operation will destroy and return what takes it back."""
        path = operation.path
        match operation:
            case MakeDirectory(exists=False):
                return Undo("rmdir", path)
            case MakeDirectory() | RemoveDirectory():
                found = os.lstat(self._host.real(path))
                action = "mkdir" if isinstance(operation, RemoveDirectory) else "attributes"
                attributes = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
                return Undo(action, path, attributes=attributes)
            case Place(replaces=False) | PutBack(replaces=False):
                return Undo("unlink", path)
            case Place(original=int(original)):
                backup = f"originals/{original}"
            case _:
                backup = f"backup/{number}"
        self._step()
        duplicate(self._host.real(path), f"{self._state}/{backup}")
        return Undo("restore", path, backup)

    def _take_back(self, undos: Sequence[Undo], token: str) -> None:
        self._remove_temporaries(undos, token)
        unmade = self._unmade(undos)
        for undo in reversed(undos):
            if _parent(undo.path) not in unmade:
                self._step()
                self._undo(undo, token)

    def _remove_temporaries(self, undos: Sequence[Undo], token: str) -> None:
        written = {_parent(undo.path) for undo in undos if undo.action in ("unlink", "restore")}
        for directory in written:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(self._host.real(f"{directory}/{_temporary(token)}"))

    def _unmade(self, undos: Sequence[Undo]) -> set[str]:
        """Return the directories that were to be made but are not there.

        A link of the old tree may still, or again, stand in such a directory's place: what is
        below is then not ours to touch.
        """
        unmade: set[str] = set()
        for undo in undos:
            if undo.action == "rmdir":
                real = self._host.real(undo.path)
                if _parent(undo.path) in unmade or os.path.islink(real) or not os.path.isdir(real):
                    unmade.add(undo.path)
        return unmade

    def _undo(self, undo: Undo, token: str) -> None:
        real = self._host.real(undo.path)
        match undo.action:
            case "unlink":
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    os.unlink(real)
            case "rmdir":
                remove_directory(real)
            case "restore":
                os.makedirs(os.path.dirname(real), exist_ok=True)
                put(f"{self._state}/{undo.backup}", real, _temporary(token))
            case "mkdir":
                os.makedirs(real, exist_ok=True)
                set_attributes(real, Attributes(*undo.attributes))
            case "attributes":
                if os.path.isdir(real) and not os.path.islink(real):
                    set_attributes(real, Attributes(*undo.attributes))


def _parent(path: str) -> str:
    return path[: path.rindex("/")]


def _temporary(token: str) -> str:
    return f".rollway-{token}.part"


def _clear(directory: Path, *, keep: set[str]) -> None:
    if not directory.is_dir():
        return
    for name in os.listdir(directory):
        if name not in keep:
            os.unlink(f"{directory}/{name}")
    if not keep:
        directory.rmdir()
