"""Links that somebody puts in the place of directories, to lead an install elsewhere."""

import contextlib
import itertools
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior
from tests.agent.machine import OVERWRITE, Machine, stop_at
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


# --- links that come while an install is under way

NAMESAKES = directory(
    0o711,
    passwd=File("root", 0o600),
    old=File("root", 0o600),
    deep=directory(0o711, f=File("root", 0o600)),
)
OLD = directory(
    sub=directory(
        passwd=File("1"), old=File("1"), deep=directory(f=File("1")), bare=directory(f=File("1"))
    )
)
NEW = directory(
    sub=directory(
        0o700,
        passwd=File("2"),
        new=File("2"),
        deep=directory(0o700, f=File("2")),
        made=directory(g=File("2")),
        link=Link("passwd"),
    )
)


def led_astray_at(step: int, place: Path) -> tuple[Machine, bool]:
    """Return a host on which a link came at a step of an install, and whether there was such."""
    machine = Machine(place, directory(etc=NAMESAKES))
    machine.install(OLD)
    came: list[int] = []

    def come() -> None:
        lead_astray(machine)
        came.append(step)

    with contextlib.suppress(InstallFailed):
        machine.install(NEW, step=stop_at(step, come))
    return machine, bool(came)


def test_whatever_the_moment_nothing_is_done_behind_a_link(tmp_path: Path) -> None:
    for step in itertools.count():
        machine, has_come = led_astray_at(step, tmp_path / str(step))
        assert etc(machine) == NAMESAKES, f"led astray at step {step}"
        if not has_come:
            break

    assert step > 15
    assert machine.app == NEW


def test_an_install_that_met_a_link_is_put_in_order_once_the_link_is_gone(tmp_path: Path) -> None:
    for step in range(20):
        machine, _ = led_astray_at(step, tmp_path / str(step))
        (machine.root / "app/sub").unlink()
        (machine.root / "app/aside").rename(machine.root / "app/sub")

        machine.installer().recover()

        assert not any(machine.state.glob("transaction.json"))
        assert read(machine.root / "app/sub/passwd") in (File("1"), File("2"))


def test_an_install_that_meets_a_link_says_where(machine: Machine) -> None:
    def come() -> None:
        is_led_astray = (machine.root / "app/sub").is_symlink()
        if any(machine.state.glob("transaction.json")) and not is_led_astray:
            lead_astray(machine)

    with pytest.raises(InstallFailed, match="has taken a directory's place") as caught:
        machine.install(directory(sub=directory(passwd=File("2"))), step=come)

    assert f"'{machine.root}/app/sub'" in caught.value.message
