"""The operations of an install plan, carried out.

A file is written beside its destination under a temporary name, given its owner and mode there,
and renamed: nobody ever sees half a file, or a file with the wrong mode. Only in a directory that
the same install has just made are files written in place, which saves a third of the time.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH211

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable
from typing import NamedTuple

from agent.attributes import (
    AccountIds,
    attributes_of,
    grant_labels,
    renew_labels,
    set_attributes,
    set_owner,
)
from agent.content import MAKES_A_FILE, READS, copy_content, identity_of, opened
from agent.grip import Grip
from agent.linux import exchange, path_of, rename_to_free
from agent.unchanged import Change, SetTime
from codedeploy.installation import (
    Entry,
    Kind,
    MakeDirectory,
    Place,
    PutBack,
    Remove,
    RemoveDirectory,
    parent,
)

_KEEPS_DIRECTORY = (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ENOENT, errno.ENOTDIR)


class Places(NamedTuple):
    """Where an install finds and puts what it needs.

    Attributes:
        archive: The unpacked revision.
        originals: Where the files are that a `PutBack` names.
        temporary: A file name that nothing else uses in any directory.
    """

    archive: str
    originals: str
    temporary: str


class Effects:
    """Carries operations out.

    Args:
        grip: Leads to what is to be changed.
        places: Where things are and go.
        wrote: Called with the descriptor of each file once it is written.

    Attributes:
        identities: Those of the files placed so far, by their paths.
    """

    def __init__(self, grip: Grip, places: Places, *, wrote: Callable[[int], None]) -> None:
        self.identities: dict[str, str] = {}
        self._grip = grip
        self._places = places
        self._wrote = wrote
        self._accounts = AccountIds()
        self._labelled: list[MakeDirectory] = []

    def carry_out(self, change: Change) -> None:
        """Carry one change out.

        Raises:
            FileExistsError: Somebody has put something where nothing was to be; nothing is done.
        """
        if isinstance(change, MakeDirectory):
            self._make_directory(change)
            return
        with self._grip.on(change.path) as path:
            self._change(change, path)

    def _change(
        self, change: Place | SetTime | Remove | RemoveDirectory | PutBack, path: str
    ) -> None:
        match change:
            case Place():
                self._place(change, path)
            case SetTime():
                set_time(path, change.mtime_ns)
            case Remove():
                os.unlink(path)
            case RemoveDirectory():
                remove_directory(path)
            case PutBack():
                saved = f"{self._places.originals}/{change.original}"
                move = os.rename if change.replaces else rename_to_free
                put(saved, path, self._places.temporary, move=move)

    def _place(self, operation: Place, path: str) -> None:
        fresh = path if operation.is_unseen else temporary_beside(path, self._places.temporary)
        if operation.entry.kind is Kind.SYMLINK:
            _make_link(fresh, operation.entry)
        else:
            self._copy_file(operation, fresh)
        if operation.is_unseen:
            return
        move = _replace if operation.replaces else rename_to_free
        move(fresh, path)

    def _copy_file(self, operation: Place, fresh: str) -> None:
        entry = operation.entry
        attributes = self._accounts.attributes(entry, operation.access)
        source = f"{self._places.archive}/{operation.source}"
        with opened(source, os.O_RDONLY) as reads, opened(fresh, MAKES_A_FILE) as writes:
            content = copy_content(reads, writes, entry.size)
            self.identities[operation.path] = identity_of(content, entry.size, entry.mtime_ns)
            if os.geteuid() == 0:
                os.fchown(writes, attributes.uid, attributes.gid)
            os.fchmod(writes, attributes.mode)
            if operation.access.grants_labels:
                grant_labels(path_of(writes), operation.access)
            os.utime(writes, ns=(entry.mtime_ns, entry.mtime_ns))
            self._wrote(writes)

    def _make_directory(self, operation: MakeDirectory) -> None:
        if not operation.exists:
            with self._grip.on(operation.path) as path:
                os.mkdir(path, 0o700)
        with self._grip.inside(operation.path) as directory:
            if operation.exists:
                renew_labels(directory, is_labelled=operation.is_labelled)
            attributes = self._accounts.attributes(operation.entry, operation.access)
            set_attributes(directory, attributes)
        if operation.access.grants_labels:
            self._labelled.append(operation)

    def finish(self) -> None:
        """Grant directories their labels, once everything is in them.

        What is installed would otherwise inherit the entries that are for what comes later.
        """
        for operation in self._labelled:
            with self._grip.inside(operation.path) as directory:
                grant_labels(directory, operation.access)


def _replace(fresh: str, path: str) -> None:
    """Put `fresh` in the place of a file or link, in one step.

    A rename over an existing file has ext4 write the new one to the disk at once, which for one
    file after the other takes longer than to copy them; an exchange of the two does not.
    """
    if not exchange(fresh, path):
        os.rename(fresh, path)
        return
    try:
        os.unlink(fresh)
    except IsADirectoryError:
        # Somebody has put a directory there meanwhile: theirs to keep.
        exchange(fresh, path)
        raise


def temporary_beside(path: str, temporary: str) -> str:
    """Return the temporary name in the directory of `path`."""
    return f"{parent(path)}/{temporary}"


def put(
    saved: str, path: str, temporary: str, *, move: Callable[[str, str], None] = os.rename
) -> None:
    """Put a saved file or link at `path`, in one step and with all its attributes."""
    fresh = temporary_beside(path, temporary)
    try:
        duplicate(saved, fresh)
        move(fresh, path)
    finally:
        # A rename between two names of one file does nothing and leaves both.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)


def duplicate(source: str, target: str) -> None:
    """Make `target` the same file or link as `source`: a hard link, or a copy if need be."""
    try:
        os.link(source, target, follow_symlinks=False)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        # Another file system, too many links, or a file that a non-root agent may not link.
        _copy_with_attributes(source, target)


def _copy_with_attributes(source: str, target: str) -> None:
    found = os.lstat(source)
    if stat.S_ISLNK(found.st_mode):
        shutil.copy2(source, target, follow_symlinks=False)
        set_owner(target, found.st_uid, found.st_gid)
        return
    with opened(source, READS) as reads, opened(target, MAKES_A_FILE) as writes:
        copy_content(reads, writes, os.fstat(reads).st_size)
        # First: a change of owner clears capabilities.
        set_attributes(path_of(writes), attributes_of(path_of(reads)))
        shutil.copystat(path_of(reads), path_of(writes))
        os.fsync(writes)


def remove_directory(path: str) -> None:
    """Remove a directory, unless somebody has put something into it meanwhile: theirs to keep."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in _KEEPS_DIRECTORY:
            raise


def set_time(path: str, mtime_ns: int) -> None:
    """Set the modification time of a file or of a link itself."""
    os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def _make_link(fresh: str, entry: Entry) -> None:
    os.symlink(entry.target, fresh)
    set_owner(fresh, entry.uid, entry.gid)
    set_time(fresh, entry.mtime_ns)
