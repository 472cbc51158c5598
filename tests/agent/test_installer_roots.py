"""One group, and more than one tree that destinations are below."""

from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import ServerAppSpec
from tests.agent.machine import OVERWRITE, Killed, Machine, kill
from tests.agent.trees import File, directory, read


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.install(directory(f=File("1")))
    return machine


def elsewhere(machine: Machine) -> Machine:
    """Return the same group with another destination root, where somebody has files."""
    other = Machine(machine.root.parent / "other", directory(app=directory(f=File("theirs"))))
    other.state = machine.state
    return other


def test_an_install_below_another_destination_root_is_refused(machine: Machine) -> None:
    other = elsewhere(machine)

    with pytest.raises(InstallFailed, match=f"Deploy with --destination-root {machine.root}"):
        other.install(directory(f=File("2")))

    assert other.app == directory(f=File("theirs"))
    assert machine.app == directory(f=File("1"))


def test_a_link_to_the_destination_root_is_the_same_one(machine: Machine) -> None:
    root = machine.root
    machine.root = root.with_name("link")
    machine.root.symlink_to(root)

    machine.install(directory(f=File("2")))

    assert read(root / "app") == directory(f=File("2"))


def test_a_group_that_has_nothing_left_may_go_elsewhere(machine: Machine) -> None:
    machine.installer().install(
        machine.archive(directory()),
        ServerAppSpec(os="linux"),
        deployment_id="d-empty",
        file_exists_behavior=OVERWRITE,
    )
    other = elsewhere(machine)

    other.install(directory(g=File("2")))

    assert other.app == directory(f=File("theirs"), g=File("2"))


def interrupt(machine: Machine) -> None:
    def kill_in_the_middle() -> None:
        if (machine.root / "app/f").read_text() == "2":
            kill()

    with pytest.raises(Killed):
        machine.install(directory(f=File("2")), step=kill_in_the_middle)


def test_an_interrupted_install_is_taken_back_where_it_happened(machine: Machine) -> None:
    interrupt(machine)
    other = elsewhere(machine)

    other.installer().recover()

    assert other.app == directory(f=File("theirs"))
    assert machine.app == directory(f=File("1"))


def test_nothing_is_taken_back_into_a_root_that_is_not_there(machine: Machine) -> None:
    interrupt(machine)
    aside = machine.root.rename(machine.root.with_name("aside"))

    with pytest.raises(InstallFailed, match=f"No such file or directory: '{machine.root}'"):
        machine.installer().recover()
    assert not machine.root.exists()

    aside.rename(machine.root)
    machine.installer().recover()
    assert machine.app == directory(f=File("1"))
