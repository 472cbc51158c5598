"""Archives of strangers, read so that nothing they say of themselves fills the memory.

Python's own readers hold on to all members, to the headers that a tar repeats for them, and to the
whole directory of a zip, before anybody can count.
"""

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

MOST_MEMBERS = 1_000_000

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
)
"""What the libraries raise at damaged, truncated, encrypted and foreign archives."""

_GZIP = b"\x1f\x8b"
_MOST_HEADERS = 1 << 20
"""Bytes in front of one member; the longest names and attributes need a tenth of that."""

_HEADERS_A_MEMBER = 4096
_MOST_SHARED_HEADERS = 100
_DISPROPORTIONATE = "has headers out of all proportion to its members"
_NEGATIVE = "a size is negative"
_MOST_PADDING = 64 << 20
_AT_ONCE = 1 << 20

ENCRYPTED = 1
"""The bit of a zip's member that says so."""

_ENTRY = b"PK\x01\x02"
_DIRECTORY_A_MEMBER = 128
_LEAST_DIRECTORY = 1 << 20


class TooMuch(Exception):
    """An archive says more of itself than it may; the message follows its name."""


class _Source(io.RawIOBase):
    """The bytes of an archive, which can be read and sought and are counted by those who care."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the offset."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Say that it can be moved in."""
        return True


class _Tar(_Source):
    """A tar's bytes: those of headers are counted, and the last block is remembered.

    tarfile takes a cut or garbled header after the first for the end of the archive; the block it
    stopped at tells the difference.

    Attributes:
        last: The block read last.
    """

    def __init__(self, stream: BinaryIO, most_members: int) -> None:
        super().__init__(stream)
        self._most_in_all = max(_MOST_HEADERS, most_members * _HEADERS_A_MEMBER)
        self._in_all = 0
        self._here: int | None = 0
        self.last = b""

    @contextmanager
    def header(self) -> Iterator[None]:
        """Count what is read in the block as the headers of one member."""
        self._here = 0
        yield
        self._here = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; tarfile reads the content of headers whole."""
        if size < 0:  # As a member's header may say: that would be all the rest.
            raise tarfile.ReadError(_NEGATIVE)
        if self._here is not None:
            self._here += size
            self._in_all += size
            if self._here > _MOST_HEADERS or self._in_all > self._most_in_all:
                raise TooMuch(_DISPROPORTIONATE)
        self.last = super().read(size)
        return self.last


def tar_members(
    bundle: Path, *, most: int = MOST_MEMBERS
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield each member of a tar, gzipped or not, with the archive to read its content from.

    Raises:
        TooMuch: There are over `most` members, or more headers than members can need.
    """
    with bundle.open("rb") as raw:
        is_gzip = raw.read(2) == _GZIP
        raw.seek(0)
        source = _Tar(cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if is_gzip else raw, most)
        try:
            with tarfile.open(fileobj=cast("BinaryIO", source), mode="r:") as archive:
                yield from _members(archive, source, most)
        except RecursionError as error:  # tarfile calls itself for each header in a row.
            raise TooMuch(_DISPROPORTIONATE) from error
        if source.last != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("the end marker is missing")
        if is_gzip:
            _read_to_the_end(source)


def _members(
    archive: tarfile.TarFile, source: _Tar, most: int
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    for number in count(1):
        with source.header():
            member = archive.next()
        if member is None:
            return
        if number > most:
            raise _too_many(most)
        if member.size < 0:
            raise tarfile.ReadError(_NEGATIVE)
        # tarfile remembers every member otherwise: a gigabyte for a million of them.
        archive.members = []  # type: ignore[attr-defined]
        _check_shared(archive.pax_headers)
        yield archive, member


def _too_many(most: int) -> TooMuch:
    return TooMuch(f"has too many members: at most {most} are allowed")


def _check_shared(headers: Mapping[str, str]) -> None:
    """Refuse a tar whose headers for all members, which tarfile keeps, grow and grow."""
    size = sum(len(name) + len(value) for name, value in headers.items())
    if len(headers) > _MOST_SHARED_HEADERS or size > _MOST_HEADERS:
        raise TooMuch(_DISPROPORTIONATE)


def _read_to_the_end(source: _Tar) -> None:
    """Have the sum of all checked, which stands behind the padding of a gzipped tar."""
    for _ in range(_MOST_PADDING // _AT_ONCE):
        if not source.read(_AT_ONCE):
            return
    raise TooMuch(f"goes on for over {_MOST_PADDING} bytes after its end")


class _Zip(_Source):
    """A zip's bytes; its directory, which zipfile reads whole, is looked at first.

    Attributes:
        is_open: The directory has been read.
    """

    def __init__(self, stream: BinaryIO, most_members: int) -> None:
        super().__init__(stream)
        self._most_members = most_members
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if self.is_open or size < 0:
            return super().read(size)
        most = max(_LEAST_DIRECTORY, self._most_members * _DIRECTORY_A_MEMBER)
        if size > most:
            raise TooMuch(f"has a directory of {size} bytes: at most {most} are allowed")
        content = super().read(size)
        if content.count(_ENTRY) > self._most_members:
            raise _too_many(self._most_members)
        return content


@contextmanager
def opened_zip(bundle: Path, *, most: int = MOST_MEMBERS) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Raises:
        TooMuch: There are over `most` members, or its directory is too large for so many.
    """
    with bundle.open("rb") as raw:
        source = _Zip(raw, most)
        with zipfile.ZipFile(cast("BinaryIO", source)) as archive:
            source.is_open = True
            yield archive
