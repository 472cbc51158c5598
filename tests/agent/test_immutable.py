"""What the host lets nobody change: an install that meets it changes nothing else either."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from tests.agent.machine import Machine
from tests.agent.trees import OLD, File, Node, directory

VERSION_1 = directory(a=File("1"), kept=File("1"), sub=directory(f=File("1")), z=File("1"))
Holding = Callable[[Path], AbstractContextManager[None]]


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine cannot do that: {done.stderr}")


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    run("chattr", "+i", path)
    try:
        yield
    finally:
        run("chattr", "-i", path)


@contextmanager
def mounted(path: Path) -> Iterator[None]:
    """Have a file come from elsewhere, as a container's configuration does."""
    elsewhere = path.parents[2] / "elsewhere"
    elsewhere.write_text("1")
    run("mount", "--bind", elsewhere, path)
    try:
        yield
    finally:
        run("umount", path)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.install(VERSION_1)
    return machine


def assert_unchanged(machine: Machine, revision: Node, times: Mapping[str, float] = {}) -> None:
    before = machine.tree
    with pytest.raises(InstallFailed, match="everything was put back"):
        machine.install(revision, times=times)

    assert machine.tree == before
    assert [path.name for path in machine.state.iterdir()] == ["ownership.json"]


@pytest.mark.parametrize("holds", [immutable, mounted])
@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({"kept": File("2")}, id="replaced"),
        pytest.param({}, id="removed"),
        pytest.param({"kept": directory(f=File("2"))}, id="by a directory"),
    ],
)
def test_a_file_that_nobody_may_change(
    machine: Machine, holds: Holding, kept: dict[str, Node]
) -> None:
    with holds(machine.root / "app/kept"):
        assert_unchanged(machine, directory(a=File("2"), **kept))


def test_a_file_whose_time_nobody_may_change(machine: Machine) -> None:
    revision = directory(a=File("2"), kept=File("1"), z=File("2"))

    with immutable(machine.root / "app/kept"):
        assert_unchanged(machine, revision, {"kept": OLD + 100})


@pytest.mark.parametrize("sub", [{"f": File("2")}, {"g": File("2")}])
def test_a_directory_in_which_nobody_may_change_anything(
    machine: Machine, sub: dict[str, Node]
) -> None:
    with immutable(machine.root / "app/sub"):
        assert_unchanged(machine, directory(a=File("2"), sub=directory(**sub)))


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    run("mount", "--bind", path, path)
    run("mount", "-o", "remount,ro,bind", path)
    try:
        yield
    finally:
        run("umount", path)


@pytest.mark.parametrize(
    "sub",
    [
        pytest.param({"f": File("2")}, id="replaced"),
        pytest.param({"f": File("1"), "g": File("2")}, id="added"),
        pytest.param({"f": File("1"), "g": directory()}, id="a directory"),
        pytest.param({}, id="removed"),
    ],
)
def test_a_disk_that_is_read_only(machine: Machine, sub: dict[str, Node]) -> None:
    with read_only(machine.root / "app/sub"):
        assert_unchanged(machine, directory(a=File("2"), sub=directory(0o700, **sub)))
        assert_unchanged(machine, directory(a=File("2"), sub=directory(**sub)))


@pytest.mark.parametrize("holds", [immutable, read_only])
def test_a_directory_in_which_nothing_is_to_be_changed(machine: Machine, holds: Holding) -> None:
    revision = directory(a=File("2"), sub=directory(f=File("1")))

    with holds(machine.root / "app/sub"):
        machine.install(revision)

    assert machine.app == revision
