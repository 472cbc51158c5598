"""What is on this host and in an unpacked revision, in the words of the install plan."""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH115, PTH116, PTH208

import errno
import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agent.content import READS, digestible, identity_of, opened
from codedeploy.appspec import Permission
from codedeploy.appspec.security import ace_account
from codedeploy.installation import Entry, Kind, Owned

_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
}
_SELINUX = Path("/sys/fs/selinux/enforce")
_IDS = range(2**32 - 1)
"""What a user or group can have; to the kernel, the last of 32 bits means none."""
NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def kind_of(mode: int) -> Kind:
    """Return the kind of an entry from its `st_mode`."""
    return _KINDS.get(stat.S_IFMT(mode), Kind.OTHER)


def read_revision(archive: Path) -> dict[str, Entry]:
    """Return every entry of an unpacked revision by its path in it."""
    return dict(_walk(os.fspath(archive), ""))


def _walk(directory: str, prefix: str) -> Iterator[tuple[str, Entry]]:
    with os.scandir(directory) as children:
        for child in children:
            entry = _entry(child)
            yield f"{prefix}{child.name}", entry
            if entry.kind is Kind.DIRECTORY:
                yield from _walk(child.path, f"{prefix}{child.name}/")


def _entry(child: os.DirEntry[str]) -> Entry:
    found = child.stat(follow_symlinks=False)
    kind = kind_of(found.st_mode)
    return Entry(
        kind=kind,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        mtime_ns=found.st_mtime_ns,
        size=found.st_size,
        target=os.readlink(child.path) if kind is Kind.SYMLINK else "",
    )


class HostFiles:
    """The host's file system below `root`, under which every AppSpec destination lies."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root).rstrip("/")

    @property
    def root(self) -> str:
        """The directory itself, whatever links lead to it."""
        return self._root or "/"

    def real(self, path: str) -> str:
        """Return where a destination really is."""
        return self._root + path

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        """Return what stands at `path`, None if nothing; `follow` looks behind a last link."""
        try:
            found = os.stat(self.real(path), follow_symlinks=follow)
        except OSError as error:
            if error.errno in NOTHING_THERE:
                return None
            raise
        return kind_of(found.st_mode)

    def names(self, directory: str) -> Sequence[str]:
        """Return the names in a directory."""
        return sorted(os.listdir(self.real(directory)))

    def is_as_put(self, path: str, owned: Owned, *, settled_ns: int) -> bool:
        """Return whether the file or link at `path` has the content with which it was put there."""
        real = self.real(path)
        found = os.lstat(real)
        # A change of content cannot but set this time, whatever becomes of the other ones.
        if found.st_ctime_ns < settled_ns:
            return True
        try:
            return kind_of(found.st_mode) is owned.kind and _content(real, found) == owned.content
        except PermissionError:
            return False  # Somebody has made it theirs.

    def as_left(self, path: str, owned: Owned, *, since_ns: int, until_ns: int) -> Owned:
        """Return what a group owns at `path`, with the content that it got between two times."""
        real = self.real(path)
        with suppress(OSError):  # It is gone, or somebody has made it theirs.
            found = os.lstat(real)
            kind = kind_of(found.st_mode)
            is_leaf = kind in (Kind.FILE, Kind.SYMLINK)
            if is_leaf and since_ns < found.st_ctime_ns < until_ns:
                return replace(owned, kind=kind, content=_content(real, found))
        return owned

    def objections(self, permission: Permission) -> Sequence[str]:
        """Return why this host cannot grant `permission`."""
        return [
            *_account_objections(permission),
            *_acl_objections(permission),
            *_tool_objections(permission),
        ]


def _content(real: str, found: os.stat_result) -> str:
    """Return the target of a link or the identity of a file."""
    if stat.S_ISLNK(found.st_mode):
        return os.readlink(real)
    with opened(real, READS) as there:
        content = digestible(there, found.st_size)
    return identity_of(content, found.st_size, found.st_mtime_ns)


def _account_objections(permission: Permission) -> Iterator[str]:
    owner, group = permission.owner, permission.group
    if owner is not None and not _exists(user_id, owner):
        yield f"this host has no user {owner!r}; create it or correct the owner."
    if group is not None and not _exists(group_id, group):
        yield f"this host has no group {group!r}; create it or correct the group."
    if (owner or group) and os.geteuid() != 0:
        yield "only an agent that runs as root can give files away; remove owner and group."


def _acl_objections(permission: Permission) -> Iterator[str]:
    lookups = {"user": user_id, "group": group_id}
    for acl in permission.acls:
        kind, name = ace_account(acl) or ("", "")
        if kind and not _exists(lookups[kind], name):
            yield f"this host has no {kind} {name!r}; create it or correct the acl {acl!r}."


def user_id(name: str) -> int:
    """Return the id of a user given by name or number.

    Raises:
        KeyError: This host has no such user.
    """
    return _number(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid


def group_id(name: str) -> int:
    """Return the id of a group given by name or number.

    Raises:
        KeyError: This host has no such group.
    """
    return _number(name) if name.isdecimal() else grp.getgrnam(name).gr_gid


def _number(name: str) -> int:
    # Python refuses to read thousands of digits.
    number = int(name) if len(name) <= len(str(_IDS.stop)) else _IDS.stop
    if number not in _IDS:
        raise KeyError(name)
    return number


def _exists(lookup: Callable[[str], int], name: str) -> bool:
    try:
        lookup(name)
    except KeyError:
        return False
    return True


def _tool_objections(permission: Permission) -> Iterator[str]:
    if permission.acls and shutil.which("setfacl") is None:
        yield "acls need setfacl, which this host lacks; install the package acl."
    if permission.context is not None and not (_SELINUX.exists() and shutil.which("chcon")):
        yield "context needs SELinux, which is not enabled on this host; remove the context."
