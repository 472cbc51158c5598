"""Unpacking a bundle so that nothing in it can reach outside its directory.

Every member, whatever the format, goes through `agent.unpacking.Unpacking`, which knows the rules;
this module says what the members of a tar and of a zip are.
"""

import contextlib
import io
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
from calendar import timegm
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO, cast

from activities.archives import BROKEN, ENCRYPTED, TooMuch, opened_zip, tar_members
from agent.bundles import BundleError
from agent.interruption import Check, go_on
from agent.unpacking import Unpacking, UnpackLimits
from codedeploy.members import UnsafeMember
from codedeploy.revision import BundleType

__all__ = ["UnpackLimits", "unpack"]

_DEFAULT_LIMITS = UnpackLimits()
_LITTLE = 64 << 10


def unpack(
    bundle: Path,
    bundle_type: BundleType,
    into: Path,
    *,
    limits: UnpackLimits = _DEFAULT_LIMITS,
    check: Check = go_on,
) -> None:
    """Unpack a bundle; `into` is then complete, or as if nothing had happened.

    What was at `into` before is replaced. A single top directory is left out, because the AppSpec
    can then only be inside it. Files belong to the agent's user, whoever packed them, and setuid,
    setgid and sticky bits are dropped; other mode bits and times are kept.

    Differs from AWS: owners in a tar are not kept (the AppSpec's `permissions` are the place to
    say them), and members or links that leave the tree are refused.

    Raises:
        BundleError: Not such an archive, damaged, unsafe or beyond `limits`.
        Interrupted: `check` says so, between two members or pieces of one.
    """
    read = _readers().get(bundle_type)
    if read is None:
        raise BundleError(f"A {bundle_type} bundle cannot be unpacked; use tar, tgz or zip.")
    incoming = into.with_name(f".{into.name}.unpacking")
    try:
        _remove(incoming)
        incoming.mkdir(mode=0o755, parents=True)
        root = _read(bundle, read, Unpacking(incoming, limits, check))
        _remove(into)
        root.rename(into)
    except OSError as error:
        raise BundleError(f"{bundle.name} cannot be unpacked into {into}: {error}.") from error
    finally:
        _remove(incoming)


_Reader = Callable[[Path, Unpacking], None]


def _readers() -> dict[BundleType, _Reader]:
    return {BundleType.TAR: _read_tar, BundleType.TGZ: _read_tar, BundleType.ZIP: _read_zip}


def _read(bundle: Path, read: _Reader, unpacking: Unpacking) -> Path:
    try:
        read(bundle, unpacking)
        return unpacking.finish()
    except UnsafeMember as error:
        member = error.member or unpacking.member
        raise BundleError(
            f"The bundle's member {member!r} {error.reason}. Pack the revision anew."
        ) from error
    except TooMuch as error:
        raise BundleError(f"{bundle.name} {error}. Pack and push the revision again.") from error
    except BROKEN as error:
        where = f"after member {unpacking.member!r}" if unpacking.member else "at its start"
        raise BundleError(
            f"{bundle.name} is damaged or not such an archive, {where}: {error}. "
            "Pack and push the revision again."
        ) from error


def _remove(directory: Path) -> None:
    if directory.is_dir() and not directory.is_symlink():
        shutil.rmtree(directory)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            directory.unlink()


def _read_tar(bundle: Path, unpacking: Unpacking) -> None:
    known: set[str] = set()
    for archive, member in tar_members(bundle, most=unpacking.limits.members):
        unpacking.begin(member.name, member.size if member.isreg() else 0)
        # It looks up where a name leads, which for files of one directory is the same place.
        directory = posixpath.dirname(member.name)
        if not member.isreg() or directory not in known:
            _second_opinion(member, unpacking)
            known.add(directory)
        _unpack_member(archive, member, unpacking)


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Unpacking) -> None:
    if member.isdir():
        into.directory(member.mode)
    elif member.issym():
        into.symbolic_link(member.linkname)
    elif member.islnk():
        into.hard_link(member.linkname)
    elif member.isreg():
        into.file(_content(archive, member), member.mode, member.mtime)
    else:
        into.refuse("is a device or pipe")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Return what a member holds: if it is little, at once, which takes a third of the time."""
    stream = archive.fileobj
    if stream is None or member.size > _LITTLE or member.issparse():
        return cast("IO[bytes]", archive.extractfile(member))
    stream.seek(member.offset_data)
    content = stream.read(member.size)
    if len(content) < member.size:
        raise tarfile.ReadError("unexpected end of data")
    return io.BytesIO(content)


def _second_opinion(member: tarfile.TarInfo, unpacking: Unpacking) -> None:
    """Ask Python's own filter too, if it has one: it knows attacks on tar that were found since.

    Python has it from 3.11.4 on. Without it our own rules have to do, and do.
    """
    if not hasattr(tarfile, "data_filter"):
        return
    try:
        tarfile.data_filter(member, str(unpacking.root))
    except tarfile.FilterError as error:
        is_link = member.issym() or member.islnk()
        target = f" (it leads to {member.linkname!r})" if is_link else ""
        unpacking.refuse(f"is refused: {error}{target}")


def _read_zip(bundle: Path, unpacking: Unpacking) -> None:
    with opened_zip(bundle, most=unpacking.limits.members) as archive:
        for member in archive.infolist():
            unpacking.begin(member.filename, member.file_size)
            _unpack_zip_member(archive, member, unpacking)


def _unpack_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, into: Unpacking) -> None:
    mode = member.external_attr >> 16
    if member.flag_bits & ENCRYPTED:
        into.refuse("is encrypted")
    elif member.filename.endswith("/"):
        into.directory(stat.S_IMODE(mode) or 0o755)
    elif stat.S_ISLNK(mode):
        with archive.open(member) as content:
            target = content.read(into.limits.name_bytes + 1)
        into.symbolic_link(os.fsdecode(target))
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        into.refuse("is a device or pipe")
    else:
        with archive.open(member) as content:
            into.file(cast("BinaryIO", content), stat.S_IMODE(mode) or 0o644, _zip_time(member))


def _zip_time(member: zipfile.ZipInfo) -> float:
    """Return a member's time; a zip has no time zone, and all hosts are to agree: UTC."""
    try:
        return timegm((*member.date_time, 0, 0, 0))
    except ValueError:
        return 0.0
