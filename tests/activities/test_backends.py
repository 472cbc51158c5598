import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.backends.file_store import FileStore, TooLarge
from activities.backends.pin_records import PinRecord, PinRecords
from codedeploy.revision import BundleType

RECORD = PinRecord(
    sha256="0" * 64, size_bytes=1, appspec_filename="appspec.yml", hook_timeout_seconds={}
)


def broken() -> Iterator[bytes]:
    yield b"content"
    raise OSError("broken")


def test_what_comes_in_may_be_kept_by_its_digest(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    with store.received(iter([b"con", b"tent"]), at_most=7) as received:
        place = store.keep(received, BundleType.ZIP)

    assert place == store.place_of(received.sha256, BundleType.ZIP)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"content"]


def test_what_comes_in_and_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with FileStore(tmp_path).received(iter([b"content"]), at_most=7) as received:
        assert received.path.read_bytes() == b"content"

    assert list(tmp_path.iterdir()) == []


def test_what_breaks_while_it_comes_in_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="broken"):
        FileStore(tmp_path).received(broken(), at_most=7).__enter__()

    assert list(tmp_path.iterdir()) == []


def test_more_than_is_taken_is_not_written_on(tmp_path: Path) -> None:
    endless = iter(lambda: b"content", b"")

    with pytest.raises(TooLarge), FileStore(tmp_path).received(endless, at_most=20):
        pass

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_worker_left_long_ago_is_removed(tmp_path: Path) -> None:
    for name in (".adding-old", ".adding-fresh"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".adding-old", (0, 0))

    with FileStore(tmp_path).received(iter([]), at_most=0):
        pass

    assert [path.name for path in tmp_path.iterdir()] == [".adding-fresh"]


def test_a_record_is_found_by_what_identifies_the_bundle(tmp_path: Path) -> None:
    records = PinRecords(tmp_path / "pins")

    records.remember("s3://a/b?versionId=1", RECORD)

    assert records.find("s3://a/b?versionId=1") == RECORD
    assert records.find("s3://a/b?versionId=2") is None


@pytest.mark.parametrize("text", ["", "{}", "nonsense"])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    records = PinRecords(tmp_path)
    records.remember("s3://a/b", RECORD)
    for path in tmp_path.iterdir():
        path.write_text(text)

    assert records.find("s3://a/b") is None
