"""The members of a bundle, judged by the rules by which every host unpacks it."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from activities.archives import ENCRYPTED, opened_zip, tar_members
from codedeploy.members import (
    LONGEST_NAME,
    Shape,
    UnsafeMember,
    check_length,
    check_top,
    plain_name,
)

_MOST_LINKS = 40


class BundleMembers:
    """What a bundle holds, by plain name; a single top directory is seen through.

    Raises:
        UnsafeMember: One of them would reach out of the directory that it is unpacked into.
    """

    def __init__(self, bundle: Path, *, is_zip: bool) -> None:
        self._bundle = bundle
        self._is_zip = is_zip
        self._files: dict[str, int] = {}
        self._shape = Shape(lambda name: name in self._files or name in self._shape.links)
        if is_zip:
            self._list_zip()
        else:
            self._list_tar()
        self._prefix = self._top_directory()
        check_top(self._prefix.removesuffix("/"), self._shape.links)

    @property
    def names(self) -> list[str]:
        """The names of all files and links."""
        names = (*self._files, *self._shape.links)
        return sorted(name.removeprefix(self._prefix) for name in names)

    def has_file(self, path: str) -> bool:
        """Whether there is a file at `path`, through whatever links."""
        return self._number_of(path) is not None

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of the file at `path`, which there is."""
        number = self._number_of(path)
        assert number is not None
        if self._is_zip:
            with (
                opened_zip(self._bundle) as archive,
                archive.open(archive.infolist()[number]) as stream,
            ):
                return stream.read(size)
        for place, (tar, member) in enumerate(tar_members(self._bundle)):
            if place == number and (content := tar.extractfile(member)) is not None:
                return content.read(size)
        raise AssertionError(f"{path} was listed and is gone")

    def _number_of(self, path: str) -> int | None:
        """Return which member of the archive a path leads to; None if that is no file."""
        name, links = self._prefix + path, self._shape.links
        for _ in range(_MOST_LINKS):
            ways = accumulate(name.split("/"), "{}/{}".format)
            link = next((way for way in ways if way in links), None)
            if link is None:
                return self._files.get(name)
            name = (links[link] + name[len(link) :]).removeprefix("/")
        return None

    def _list_tar(self) -> None:
        for number, (_, member) in enumerate(tar_members(self._bundle)):
            with _naming(member.name):
                self._add_tar_member(number, member)

    def _add_tar_member(self, number: int, member: tarfile.TarInfo) -> None:
        name = self._judged(member.name)
        if member.isdir():
            self._shape.add_directory(name)
        elif member.issym():
            self._add_link(name, member.linkname)
        elif member.islnk():
            self._add_hard_link(name, member.linkname)
        elif member.isreg():
            self._add_file(name, number)
        else:
            raise UnsafeMember("is a device or pipe")

    def _list_zip(self) -> None:
        with opened_zip(self._bundle) as archive:
            for number, member in enumerate(archive.infolist()):
                with _naming(member.filename):
                    self._add_zip_member(number, member, archive)

    def _add_zip_member(
        self, number: int, member: zipfile.ZipInfo, archive: zipfile.ZipFile
    ) -> None:
        name = self._judged(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if member.flag_bits & ENCRYPTED:
            raise UnsafeMember("is encrypted")
        if member.filename.endswith("/"):
            self._shape.add_directory(name)
        elif kind == stat.S_IFLNK:
            with archive.open(member) as stream:
                self._add_link(name, stream.read(LONGEST_NAME + 1).decode("utf-8", "replace"))
        elif kind in (0, stat.S_IFREG):
            self._add_file(name, number)
        else:
            raise UnsafeMember("is a device or pipe")

    def _add_file(self, name: str, number: int) -> None:
        self._shape.add_file(name)
        self._files[name] = number

    def _add_link(self, name: str, target: str) -> None:
        check_length(target, "has a target")
        self._shape.add_link(name, target)
        self._files.pop(name, None)

    def _add_hard_link(self, name: str, target: str) -> None:
        number = self._files.get(plain_name(target))
        if number is None:
            raise UnsafeMember(
                f"is a hard link to {target!r}, which is no earlier file of the bundle"
            )
        self._add_file(name, number)

    def _judged(self, name: str) -> str:
        check_length(name, "has a name")
        plain = plain_name(name)
        self._shape.add_parents(plain)
        return plain

    def _top_directory(self) -> str:
        """Return `name/` if the archive holds exactly one directory, else an empty string."""
        names = (*self._files, *self._shape.links, *self._shape.directories)
        tops = {name.partition("/")[0] for name in names} - {""}
        return f"{tops.pop()}/" if len(tops) == 1 and tops <= self._shape.directories else ""


@contextmanager
def _naming(member: str) -> Iterator[None]:
    """Have errors of the block say which member they are about."""
    try:
        yield
    except UnsafeMember as error:
        raise UnsafeMember(error.reason, member=member) from error
