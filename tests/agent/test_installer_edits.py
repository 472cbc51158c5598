"""What becomes of files that somebody changes after they were installed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from tests.agent.machine import OVERWRITE, Machine, fill_disk, stop_at
from tests.agent.trees import OLD, File, Link, Node, directory


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.install(directory(f=File("ours"), link=Link("ours")))
    return machine


def edit(file: Path) -> None:
    file.write_text("mine")


def edit_unseen(file: Path) -> None:
    file.write_text("mine")
    os.utime(file, (OLD, OLD))


def replace_by_a_file(file: Path) -> None:
    file.unlink()
    file.write_text("mine")


def replace_by_a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("mine")


MINE = File("mine")
Change = Callable[[Path], None]


@pytest.mark.parametrize(
    ("name", "change", "mine"),
    [
        pytest.param("f", edit, MINE, id="edited"),
        pytest.param("f", edit_unseen, MINE, id="edited-with-the-same-size-and-time"),
        pytest.param("f", replace_by_a_file, MINE, id="replaced"),
        pytest.param("f", replace_by_a_link, Link("mine"), id="replaced-by-a-link"),
        pytest.param("link", replace_by_a_link, Link("mine"), id="link-led-elsewhere"),
        pytest.param("link", replace_by_a_file, MINE, id="link-replaced-by-a-file"),
    ],
)
def test_a_file_that_somebody_changed_stays_and_that_is_said(
    machine: Machine, name: str, change: Change, mine: Node
) -> None:
    change(machine.root / "app" / name)

    warnings = machine.install(directory())

    assert machine.app == directory(**{name: mine})
    assert [warning.split(",")[0] for warning in warnings] == [
        f"/app/{name} was changed on this host after it had been installed"
    ]


def test_a_large_file_that_somebody_changed_stays(machine: Machine) -> None:
    machine.install(directory(large=File("1" * 100_000)))
    (machine.root / "app/large").write_text("2" * 100_000)

    machine.install(directory())

    assert machine.app == directory(large=File("2" * 100_000))


def test_a_large_file_that_nobody_changed_goes(machine: Machine) -> None:
    machine.install(directory(large=File("1" * 100_000)))

    assert machine.install(directory()) == ()
    assert machine.app == directory()


def touch(file: Path) -> None:
    os.utime(file)


def write_the_same(file: Path) -> None:
    file.write_text("ours")


def restrict(file: Path) -> None:
    file.chmod(0o600)


@pytest.mark.parametrize("change", [touch, write_the_same, restrict])
def test_a_file_whose_content_is_still_the_groups_goes(machine: Machine, change: Change) -> None:
    change(machine.root / "app/f")

    assert machine.install(directory()) == ()
    assert machine.app == directory()


def test_what_the_deployment_itself_changed_goes_with_it(machine: Machine) -> None:
    edit(machine.root / "app/f")
    machine.end_deployment(seconds_from_now=9)

    assert machine.install(directory()) == ()
    assert machine.app == directory()


def end_deployment_with(machine: Machine, change: Change) -> None:
    """Let a script of the deployment change a file, and the deployment end then."""
    machine.pass_time()
    change(machine.root / "app/f")
    machine.pass_time()
    machine.end_deployment()
    machine.pass_time()


def take_an_install_back(machine: Machine) -> None:
    with pytest.raises(InstallFailed, match="everything was put back"):
        machine.install(directory(), step=stop_at(3, fill_disk))


@pytest.mark.parametrize("change", [edit, edit_unseen, replace_by_a_file, replace_by_a_link])
def test_what_the_deployment_changed_is_its_own_although_an_install_was_taken_back(
    machine: Machine, change: Change
) -> None:
    end_deployment_with(machine, change)
    take_an_install_back(machine)

    assert machine.install(directory()) == ()
    assert machine.app == directory()


def test_what_is_changed_once_an_install_was_taken_back_stays(machine: Machine) -> None:
    end_deployment_with(machine, edit)
    take_an_install_back(machine)
    (machine.root / "app/f").write_text("mine, too")

    machine.install(directory())

    assert machine.app == directory(f=File("mine, too"))


def test_what_is_changed_when_the_deployment_has_ended_stays(machine: Machine) -> None:
    machine.end_deployment(seconds_from_now=-9)
    edit_unseen(machine.root / "app/f")

    machine.install(directory())

    assert machine.app == directory(f=MINE)


def test_once_it_stays_no_later_deployment_claims_to_have_changed_it(machine: Machine) -> None:
    edit(machine.root / "app/f")
    machine.install(directory())
    machine.end_deployment(seconds_from_now=9)

    machine.install(directory())

    assert machine.app == directory(f=MINE)


def test_a_rollback_takes_the_path_of_a_file_that_stayed(machine: Machine) -> None:
    edit(machine.root / "app/f")
    machine.install(directory())

    machine.install(directory(f=File("ours")))
    assert machine.app == directory(f=File("ours"))
    machine.install(directory())

    assert machine.app == directory(f=MINE)


def test_what_was_there_first_comes_when_the_file_that_stayed_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(app=directory(f=File("first"))))
    machine.install(directory(f=File("ours")), behavior=OVERWRITE)
    edit(machine.root / "app/f")
    machine.install(directory())
    assert machine.app == directory(f=MINE)
    (machine.root / "app/f").unlink()

    machine.install(directory())

    assert machine.app == directory(f=File("first"))


def test_a_file_that_is_changed_and_needed_is_replaced(machine: Machine) -> None:
    edit(machine.root / "app/f")

    assert machine.install(directory(f=File("new"))) == ()
    assert machine.app == directory(f=File("new"))
