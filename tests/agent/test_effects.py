"""What an install does when the host changes under it."""

from pathlib import Path

import pytest

from agent.installer import InstallFailed
from tests.agent.machine import Machine
from tests.agent.trees import File, directory, read, write


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.install(directory(f=File("1")))
    return machine


def test_a_file_that_somebody_removes_meanwhile_is_there_in_the_end(machine: Machine) -> None:
    def remove_once_it_is_saved() -> None:
        file = machine.root / "app/f"
        if any(machine.state.glob("backup/*")) and file.exists() and file.read_text() == "1":
            file.unlink()

    machine.install(directory(f=File("2")), step=remove_once_it_is_saved)

    assert machine.app == directory(f=File("2"))


def test_a_directory_that_somebody_puts_in_a_files_place_meanwhile_is_kept(
    machine: Machine,
) -> None:
    def replace_once_it_is_saved() -> None:
        file = machine.root / "app/f"
        if any(machine.state.glob("backup/*")) and file.is_file():
            file.unlink()
            write(file, directory(theirs=File("x")))

    with pytest.raises(InstallFailed, match="Is a directory"):
        machine.install(directory(f=File("2")), step=replace_once_it_is_saved)

    assert read(machine.root / "app/f") == directory(theirs=File("x"))


def test_once_that_directory_is_gone_the_old_file_is_put_back(machine: Machine) -> None:
    test_a_directory_that_somebody_puts_in_a_files_place_meanwhile_is_kept(machine)
    (machine.root / "app/f").rename(machine.root / "theirs")

    machine.installer().recover()

    assert machine.app == directory(f=File("1"))
    assert not any(machine.state.glob("backup"))
