"""Content is copied and compared as it is, whatever its size and wherever it goes."""

import os
import tempfile
from pathlib import Path

import pytest

from agent.content import DIGESTED, copy_content, digestible, identity_of, is_same_content, opened

COPIED_AT_ONCE = 16 << 20
WRITES = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def copied(source: Path, target: Path, size: int) -> bytes:
    with opened(str(source), os.O_RDONLY) as reads, opened(str(target), WRITES) as writes:
        copy_content(reads, writes, size)
    return target.read_bytes()


@pytest.mark.parametrize("size", [0, 1, DIGESTED, DIGESTED + 1, COPIED_AT_ONCE, COPIED_AT_ONCE + 1])
def test_a_copy_is_the_same(tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))

    assert copied(source, tmp_path / "copy", size) == source.read_bytes()


def test_a_copy_to_another_file_system_is_the_same(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system at /dev/shm")

        assert copied(source, Path(elsewhere) / "copy", len(b"content")) == b"content"


@pytest.mark.parametrize("missing", [1, DIGESTED])
def test_a_file_that_became_shorter_is_an_error(tmp_path: Path, missing: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"short")

    with pytest.raises(OSError, match="became shorter"):
        copied(source, tmp_path / "copy", len(b"short") + missing)


def test_a_new_file_is_at_first_its_owners_alone(tmp_path: Path) -> None:
    with opened(str(tmp_path / "new"), WRITES) as descriptor:
        assert os.fstat(descriptor).st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")

    with pytest.raises(OSError, match="symbolic links"), opened(str(tmp_path / "link"), 0):
        pass


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(b"", b"", True, id="empty"),
        pytest.param(b"ab", b"ab", True, id="same"),
        pytest.param(b"ab", b"aB", False, id="different"),
        pytest.param(b"ab", b"a", False, id="other-shorter"),
        pytest.param(b"x" * (3 << 20), b"x" * (3 << 20), True, id="large"),
        pytest.param(b"x" * (3 << 20), b"x" * ((3 << 20) - 1) + b"y", False, id="last-byte"),
    ],
)
def test_content_is_compared_to_the_last_byte(
    tmp_path: Path, one: bytes, other: bytes, is_same: bool
) -> None:
    paths = [tmp_path / "one", tmp_path / "other"]
    for path, content in zip(paths, (one, other), strict=True):
        path.write_bytes(content)

    with opened(str(paths[0]), os.O_RDONLY) as left, opened(str(paths[1]), os.O_RDONLY) as right:
        assert is_same_content(left, right, len(one)) is is_same


def identity(path: Path, content: bytes, mtime_ns: int) -> str:
    path.write_bytes(content)
    with opened(str(path), os.O_RDONLY) as descriptor:
        return identity_of(digestible(descriptor, len(content)), len(content), mtime_ns)


def test_a_small_file_is_recognized_by_its_content_whatever_its_time(tmp_path: Path) -> None:
    file = tmp_path / "file"

    assert identity(file, b"ab", 1) == identity(file, b"ab", 10**18) != identity(file, b"aB", 1)


def test_a_large_file_is_recognized_by_its_size_and_the_second_of_its_time(tmp_path: Path) -> None:
    file, content = tmp_path / "file", b"x" * (DIGESTED + 1)
    known = identity(file, content, 5 * 10**9)

    assert identity(file, content, 5 * 10**9 + 1) == known
    assert identity(file, content, 6 * 10**9) != known
    assert identity(file, content + b"x", 5 * 10**9) != known
