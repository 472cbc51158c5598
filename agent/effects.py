"""The operations of an install plan, carried out.

A file is written beside its destination under a temporary name, given its owner and mode there,
and renamed: nobody ever sees half a file, or a file with the wrong mode. Only in a directory that
the same install has just made are files written in place, which saves a third of the time.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH114, PTH211

import contextlib
import errno
import os
import shutil
import stat
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

from agent.host_files import HostFiles, group_id, user_id
from codedeploy.installation import (
    Access,
    Entry,
    Kind,
    MakeDirectory,
    Operation,
    Place,
    PutBack,
    Remove,
    RemoveDirectory,
)

_AT_ONCE = 1 << 30
_KEEPS_DIRECTORY = (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ENOENT, errno.ENOTDIR)
_MAKES_A_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Attributes(NamedTuple):
    """Mode and owner of a file or directory."""

    mode: int
    uid: int
    gid: int


class Effects:
    """Carries operations out.

    Args:
        archive: The unpacked revision.
        originals: Where the files are that a `PutBack` names.
        temporary: A file name that nothing else uses in any directory.
    """

    def __init__(self, host: HostFiles, archive: Path, *, originals: Path, temporary: str) -> None:
        self._host = host
        self._archive = os.fspath(archive)
        self._originals = originals
        self._temporary = temporary
        self._uid = cache(user_id)
        self._gid = cache(group_id)

    def carry_out(self, operation: Operation) -> None:
        """Carry one operation out."""
        path = self._host.real(operation.path)
        match operation:
            case Place():
                self._place(operation, path)
            case MakeDirectory():
                self._make_directory(operation, path)
            case Remove():
                os.unlink(path)
            case RemoveDirectory():
                remove_directory(path)
            case PutBack():
                put(os.fspath(self._originals / str(operation.original)), path, self._temporary)

    def _place(self, operation: Place, path: str) -> None:
        entry, access = operation.entry, operation.access
        fresh = path if operation.is_unseen else temporary_beside(path, self._temporary)
        if entry.kind is Kind.SYMLINK:
            _make_link(fresh, entry)
        else:
            source = f"{self._archive}/{operation.source}"
            _copy_file(source, fresh, entry, self._attributes(entry, access))
        _label(fresh, access)
        if fresh != path:
            os.rename(fresh, path)

    def _make_directory(self, operation: MakeDirectory, path: str) -> None:
        if not operation.exists:
            os.mkdir(path, 0o700)
        set_attributes(path, self._attributes(operation.entry, operation.access))
        _label(path, operation.access)

    def _attributes(self, entry: Entry, access: Access) -> Attributes:
        return Attributes(
            mode=entry.mode if access.mode is None else access.mode,
            uid=entry.uid if access.owner is None else self._uid(access.owner),
            gid=entry.gid if access.group is None else self._gid(access.group),
        )


def temporary_beside(path: str, temporary: str) -> str:
    """Return the temporary name in the directory of `path`."""
    return f"{path[: path.rindex('/')]}/{temporary}"


def put(saved: str, path: str, temporary: str) -> None:
    """Put a saved file or link at `path`, in one step and with all its attributes."""
    fresh = temporary_beside(path, temporary)
    duplicate(saved, fresh)
    os.rename(fresh, path)
    # A rename between two names of one file does nothing and leaves both.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)


def duplicate(source: str, target: str) -> None:
    """Make `target` the same file or link as `source`: a hard link, or a copy if need be."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, too many links, or a file that a non-root agent may not link.
        shutil.copy2(source, target, follow_symlinks=False)
        found = os.lstat(source)
        set_attributes(target, Attributes(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid))


def remove_directory(path: str) -> None:
    """Remove a directory, unless somebody has put something into it meanwhile: theirs to keep."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in _KEEPS_DIRECTORY:
            raise


def set_attributes(path: str, attributes: Attributes) -> None:
    """Set owner and mode; an agent that is not root leaves the owner alone."""
    if os.geteuid() == 0:
        os.chown(path, attributes.uid, attributes.gid, follow_symlinks=False)
    # Last: a change of owner clears setuid and setgid.
    if not os.path.islink(path):
        os.chmod(path, attributes.mode)


def _make_link(fresh: str, entry: Entry) -> None:
    os.symlink(entry.target, fresh)
    set_attributes(fresh, Attributes(entry.mode, entry.uid, entry.gid))
    os.utime(fresh, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)


def _copy_file(source: str, fresh: str, entry: Entry, attributes: Attributes) -> None:
    reads = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        writes = os.open(fresh, _MAKES_A_FILE, 0o600)
        try:
            _copy_content(reads, writes, entry.size)
            if os.geteuid() == 0:
                os.fchown(writes, attributes.uid, attributes.gid)
            os.fchmod(writes, attributes.mode)
            os.utime(writes, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(writes)
    finally:
        os.close(reads)


def _copy_content(reads: int, writes: int, size: int) -> None:
    while size:
        copied = os.sendfile(writes, reads, None, min(size, _AT_ONCE))
        if not copied:
            raise OSError("a file of the revision became shorter while it was installed")
        size -= copied


def _label(path: str, access: Access) -> None:
    """Set access control lists and the SELinux label.

    Differs from AWS: the label is set on the file itself and the host's policy is not changed, so
    that a failed install leaves nothing behind in the policy.
    """
    if access.acls:
        _run("setfacl", "-m", ",".join(access.acls), "--", path)
    if access.context is not None:
        _run("chcon", access.context, "--", path)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)} failed: {done.stderr.strip()}")
