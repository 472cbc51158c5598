"""System calls that Python does not offer."""

import errno
import os
from pathlib import Path

import pytest

from agent.durability import FEW, durability, sync_directories
from agent.linux import exchange, rename_to_free, start_writing, sync_file_system


def test_two_paths_change_places(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / os.fsdecode(b"caf\xe9")
    one.write_text("1")
    other.write_text("2")

    if not exchange(str(one), str(other)):
        pytest.skip("this file system cannot")

    assert (one.read_text(), other.read_text()) == ("2", "1")


def test_what_cannot_change_places_stays(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text("1")

    assert not exchange(str(one), str(tmp_path / "missing"))
    assert one.read_text() == "1"


def test_a_name_that_is_free_is_taken(tmp_path: Path) -> None:
    one, free = tmp_path / "one", tmp_path / os.fsdecode(b"caf\xe9")
    one.write_text("1")

    rename_to_free(str(one), str(free))

    assert [path.name for path in tmp_path.iterdir()] == [free.name]


def test_a_name_that_is_taken_stays(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.symlink_to("nowhere")

    with pytest.raises(FileExistsError, match=r"File exists: '.*/other'"):
        rename_to_free(str(one), str(other))

    assert one.read_text() == "1"
    assert str(other.readlink()) == "nowhere"


def test_a_disk_that_does_not_take_it_is_an_error() -> None:
    with pytest.raises(OSError, match="did not take") as failure:
        sync_file_system(-1)

    assert failure.value.errno == errno.EBADF


def test_an_early_start_is_only_a_hint() -> None:
    start_writing(-1, 0, 1)


@pytest.mark.parametrize("number", [1, FEW + 1])
def test_directories_that_are_gone_need_no_sync(tmp_path: Path, number: int) -> None:
    there = [tmp_path / str(n) for n in range(number)]
    for directory in there:
        directory.mkdir()

    sync_directories([*map(str, there), str(tmp_path / "gone")])


def is_open(directory: Path) -> bool:
    """Whether this process has a directory open; its other files may come and go on threads."""
    return any(each.resolve() == directory for each in Path("/proc/self/fd").iterdir())


def test_a_file_system_is_left_as_it_was_opened(tmp_path: Path) -> None:
    with durability([str(tmp_path), str(tmp_path / "gone")], small_files=FEW + 1) as durable:
        assert is_open(tmp_path)
        durable.finish()

    assert not is_open(tmp_path)
