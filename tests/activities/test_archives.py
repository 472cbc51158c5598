"""Archives that say too much of themselves."""

import gzip
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from activities.archives import TooMuch, opened_zip, tar_members
from activities.bundle_contents import BundleContents
from agent.archive import unpack
from agent.bundles import BundleError
from codedeploy.errors import InvalidRevision
from codedeploy.revision import BundleType
from tests.activities.bundles import tgz, zipped

MEGABYTE = 1 << 20
MANY = 1_500_000


def header(name: str, value: str, *, is_shared: bool) -> bytes:
    """Return a tar's extended header, of one member or of all that follow."""
    if is_shared:
        return tarfile.TarInfo.create_pax_global_header({name: value})
    info = tarfile.TarInfo("x")
    info.pax_headers = {name: value}
    return info.tobuf(tarfile.PAX_FORMAT)[: -tarfile.BLOCKSIZE]


def member(name: str) -> bytes:
    return tarfile.TarInfo(name).tobuf()


def tar_of(bundle: Path, blocks: Iterator[bytes]) -> Path:
    with gzip.open(bundle, "wb") as stream:
        for block in blocks:
            stream.write(block)
        stream.write(bytes(2 * tarfile.BLOCKSIZE))
    return bundle


def zip_of_entries(bundle: Path, number: int) -> Path:
    """Write a zip that is nothing but the directory of so many members."""
    one = zipped({"x": ""})
    directory = one[one.index(b"PK\1\2") : one.index(b"PK\5\6")] * number
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), 0, 0)
    bundle.write_bytes(directory + end)
    return bundle


@contextmanager
def little_memory(most: int = 16 * MEGABYTE) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def read_tar(bundle: Path) -> None:
    for _ in tar_members(bundle):
        pass


Blocks = Callable[[], Iterator[bytes]]


def rows_of_shared_headers() -> Iterator[bytes]:
    for number in range(400):
        yield header(f"key{number}", "v" * MEGABYTE, is_shared=True)
    yield member("a")


def shared_headers_between_members() -> Iterator[bytes]:
    for number in range(400):
        yield header(f"key{number}", "v" * (MEGABYTE // 4), is_shared=True)
        yield member(f"member{number}")


def a_giant_header() -> Iterator[bytes]:
    yield header("comment", "v" * 4 * MEGABYTE, is_shared=False)
    yield member("a")


def rows_of_headers() -> Iterator[bytes]:
    for _ in range(2000):
        yield header("comment", "v" * 1000, is_shared=False)
    yield member("a")


@pytest.mark.parametrize(
    "blocks",
    [rows_of_shared_headers, shared_headers_between_members, a_giant_header, rows_of_headers],
)
def test_a_tar_with_headers_out_of_all_proportion_is_refused_in_little_memory(
    tmp_path: Path, blocks: Blocks
) -> None:
    bundle = tar_of(tmp_path / "bundle", blocks())

    with little_memory(), pytest.raises(TooMuch, match="headers out of all proportion"):
        read_tar(bundle)


def test_headers_of_all_members_together_are_limited_too(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        for number in range(200):
            yield header("comment", "v" * 100_000, is_shared=False)
            yield member(f"member{number}")

    bundle = tar_of(tmp_path / "bundle", blocks())

    with pytest.raises(TooMuch, match="headers out of all proportion"):
        for _ in tar_members(bundle, most=1000):
            pass


def test_a_tar_with_a_header_for_all_and_long_names_is_read(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield header("comment", "0123456789abcdef", is_shared=True)
        for number in range(1000):
            yield tarfile.TarInfo(f"{'directory/' * 50}{number}").tobuf(tarfile.GNU_FORMAT)

    bundle = tar_of(tmp_path / "bundle", blocks())

    assert len(list(tar_members(bundle, most=1000))) == 1000


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE])
@pytest.mark.parametrize("size", [-1, -(2**70)])
def test_a_size_below_nothing_does_not_mean_all_the_rest(
    tmp_path: Path, kind: bytes, size: int
) -> None:
    def blocks() -> Iterator[bytes]:
        info = tarfile.TarInfo("a")
        info.type, info.size = kind, size
        yield info.tobuf(tarfile.GNU_FORMAT)
        for _ in range(100):
            yield b"x" * MEGABYTE

    bundle = tar_of(tmp_path / "bundle", blocks())

    with little_memory(), pytest.raises(tarfile.ReadError):
        read_tar(bundle)
    with little_memory(), pytest.raises(BundleError, match="is damaged"):
        unpack(bundle, BundleType.TGZ, tmp_path / "into")


def test_a_tar_that_never_ends_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(tgz())
    with gzip.open(bundle, "ab") as stream:
        for _ in range(100):
            stream.write(bytes(MEGABYTE))

    with little_memory(), pytest.raises(TooMuch, match="goes on for over"):
        read_tar(bundle)


def test_a_zip_with_too_many_members_is_refused_before_they_are_remembered(
    tmp_path: Path,
) -> None:
    bundle = zip_of_entries(tmp_path / "bundle", MANY)
    most = 2 * bundle.stat().st_size

    with (
        little_memory(most),
        pytest.raises(TooMuch, match="at most 1000000 are allowed"),
        opened_zip(bundle),
    ):
        pass


def test_a_zip_whose_directory_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bundle = zip_of_entries(tmp_path / "bundle", MANY)

    with (
        little_memory(),
        pytest.raises(TooMuch, match=r"has a directory of \d+ bytes"),
        opened_zip(bundle, most=1000),
    ):
        pass


def test_a_zip_within_a_zip_does_not_count(tmp_path: Path) -> None:
    inner = zipped({str(number): "x" for number in range(100)})
    bundle = tmp_path / "bundle"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("inner.zip", inner)

    with opened_zip(bundle, most=1) as archive:
        assert archive.namelist() == ["inner.zip"]


@pytest.mark.parametrize("bundle_type", [BundleType.TGZ, BundleType.ZIP])
def test_such_an_archive_is_refused_when_it_is_pinned(
    tmp_path: Path, bundle_type: BundleType
) -> None:
    bundle = tmp_path / "bundle"
    if bundle_type is BundleType.ZIP:
        zip_of_entries(bundle, MANY)
    else:
        tar_of(bundle, rows_of_shared_headers())

    with pytest.raises(InvalidRevision, match=r"^v2 has "):
        BundleContents(bundle, bundle_type, label="v2")
