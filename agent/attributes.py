"""Mode, owner, access control lists and SELinux label of what an install touches."""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH101, PTH116, PTH120

import errno
import os
import stat
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from agent.host_files import group_id, user_id
from codedeploy.installation import Access, Entry

_SELINUX = "security.selinux"
_ACCESS_LIST, _DEFAULT_LIST = "system.posix_acl_access", "system.posix_acl_default"
_LABELS = (_ACCESS_LIST, _DEFAULT_LIST, _SELINUX)


class Attributes(NamedTuple):
    """Mode and owner of a file or directory."""

    mode: int
    uid: int
    gid: int


class AccountIds:
    """The host's users and groups; each is looked up once."""

    def __init__(self) -> None:
        self._uid = cache(user_id)
        self._gid = cache(group_id)

    def attributes(self, entry: Entry, access: Access) -> Attributes:
        """Return what a packed entry is to have on this host."""
        return Attributes(
            mode=entry.mode if access.mode is None else access.mode,
            uid=entry.uid if access.owner is None else self._uid(access.owner),
            gid=entry.gid if access.group is None else self._gid(access.group),
        )


def set_owner(path: str, uid: int, gid: int) -> None:
    """Set the owner of a file or of a link itself; an agent that is not root leaves it alone."""
    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)


def attributes_of(path: str) -> Attributes:
    """Return the mode and owner of what is at `path`."""
    found = os.stat(path)
    return Attributes(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def set_attributes(path: str, attributes: Attributes) -> None:
    """Set owner and mode, if they are others: a read-only disk refuses even those that there are.

    Args:
        path: From `path_of`: another one may be led astray by a link between the two.
        attributes: An agent that is not root leaves the owner alone.
    """
    if attributes_of(path) == attributes:
        return
    if os.geteuid() == 0:
        os.chown(path, attributes.uid, attributes.gid)
    # Last: a change of owner clears setuid and setgid.
    os.chmod(path, attributes.mode)


def grant_labels(path: str, access: Access) -> None:
    """Set access control lists and the SELinux label.

    Args:
        path: From `path_of`.
        access: What the AppSpec says.

    Differs from AWS: the label is set on the file itself and the host's policy is not changed, so
    that a failed install leaves nothing behind in the policy.
    """
    if access.acls:
        _run("setfacl", "-m", ",".join(access.acls), "--", path)
    if access.context is not None:
        _run("chcon", access.context, "--", path)


def labels(directory: str) -> dict[str, str]:
    """Return access control lists and SELinux label as the kernel keeps them, in hexadecimal."""
    names = _names(directory)
    return {name: os.getxattr(directory, name).hex() for name in _LABELS if name in names}


def has_usual_labels(descriptor: int, path: str) -> bool:
    """Return whether a file has nothing more than a file that is new at `path` would have.

    Such a file has no extended attribute, but for the SELinux type of its directory.
    """
    names = _names(descriptor)
    if names == [_SELINUX]:
        return _selinux_type(descriptor) == _selinux_type(os.path.dirname(path))
    return not names


def restore_labels(directory: str, saved: Mapping[str, str]) -> None:
    """Give a directory the labels that it had; one that was granted since is taken away.

    Neither setfacl nor chcon is needed, so no missing tool can stand in the way of an undo.
    """
    now = labels(directory)
    for name in _LABELS:
        if name in saved and now.get(name) != saved[name]:
            os.setxattr(directory, name, bytes.fromhex(saved[name]))
        elif name in now and name not in saved:
            os.removexattr(directory, name)


def renew_labels(directory: str, *, is_labelled: bool) -> None:
    """Give a directory the access control lists that a new one would have in its place.

    Args:
        directory: One of the group's own.
        is_labelled: Whether its SELinux label was granted, and has to go too. Any other label is
            the host's policy's, or its administrator's.
    """
    above, now = labels(f"{directory}/.."), labels(directory)
    inherited = above.get(_DEFAULT_LIST)
    renewed = {} if inherited is None else {_ACCESS_LIST: inherited, _DEFAULT_LIST: inherited}
    label = (above if is_labelled else now).get(_SELINUX, now.get(_SELINUX))
    restore_labels(directory, renewed if label is None else {**renewed, _SELINUX: label})


def _names(path: str | int) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise


def _selinux_type(path: str | int) -> list[bytes]:
    """Return the third part of user:role:type:range."""
    return os.getxattr(path, _SELINUX).split(b":")[2:3]


def _run(*command: str) -> None:
    """Run a tool on what its last argument names, which is nothing that a person would know."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        *words, path = command
        said = done.stderr.strip().replace(f"{path}: ", "")
        raise OSError(f"{' '.join(words).removesuffix(' --')} failed: {said}")
