"""Links that somebody puts in the place of directories, to lead an install elsewhere."""

from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior
from tests.agent.machine import OVERWRITE, Machine
from tests.agent.trees import File, Link, directory, read


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path, directory(etc=directory(passwd=File("root"))))
    machine.install(directory(sub=directory(passwd=File("1"))))
    return machine


def lead_astray(machine: Machine) -> None:
    """Put a link to the host's own files in the place of a directory of the application."""
    (machine.root / "app/sub").rename(machine.root / "app/aside")
    (machine.root / "app/sub").symlink_to("../etc")


def etc(machine: Machine) -> object:
    return read(machine.root / "etc")


@pytest.mark.parametrize("behavior", FileExistsBehavior)
def test_nothing_is_installed_behind_a_link(machine: Machine, behavior: FileExistsBehavior) -> None:
    lead_astray(machine)

    with pytest.raises(InstallFailed, match="/app/sub has to be a directory but is a link"):
        machine.install(directory(sub=directory(passwd=File("2"))), behavior=behavior)

    assert etc(machine) == directory(passwd=File("root"))


def test_nothing_is_removed_behind_a_link(machine: Machine) -> None:
    (machine.root / "etc/passwd").write_text("1")
    lead_astray(machine)

    machine.install(directory())

    assert etc(machine) == directory(passwd=File("1"))


def test_nothing_is_put_back_behind_a_link(tmp_path: Path) -> None:
    theirs = directory(sub=directory(passwd=File("mine")))
    machine = Machine(tmp_path, directory(app=theirs, etc=directory()))
    machine.install(directory(sub=directory(passwd=File("1"))), behavior=OVERWRITE)
    lead_astray(machine)

    machine.install(directory())

    assert etc(machine) == directory()


def test_a_link_to_the_destination_is_an_administrators(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(data=directory(), app=Link("data")))

    machine.install(directory(f=File("1")))
    machine.install(directory(g=File("2")))

    assert machine.tree == directory(data=directory(g=File("2")), app=Link("data"))
