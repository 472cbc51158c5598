"""What an install does when the host changes under it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from tests.agent.machine import (
    ACL,
    GRANT,
    OVERWRITE,
    Killed,
    Machine,
    boot_anew,
    kill,
    needs_root,
)
from tests.agent.trees import File, Node, directory, read, write


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


def test_all_but_what_that_directory_is_in_the_way_of_is_put_back(machine: Machine) -> None:
    before = directory(a=File("1"), f=File("1"), z=File("1"))
    machine.install(before)

    def replace_at_the_end() -> None:
        file = machine.root / "app/z"
        if file.is_file() and (machine.root / "app/f").read_text() == "2":
            file.unlink()
            write(file, directory(theirs=File("x")))

    with pytest.raises(InstallFailed, match=r"could not be put in order:\n.*Is a directory"):
        machine.install(directory(a=File("2"), f=File("2"), z=File("2")), step=replace_at_the_end)

    assert machine.app == directory(a=File("1"), f=File("1"), z=directory(theirs=File("x")))


def test_once_that_directory_is_gone_the_old_file_is_put_back(machine: Machine) -> None:
    test_a_directory_that_somebody_puts_in_a_files_place_meanwhile_is_kept(machine)
    (machine.root / "app/f").rename(machine.root / "theirs")

    machine.installer().recover()

    assert machine.app == directory(f=File("1"))
    assert not any(machine.state.glob("backup"))


THEIRS = File("theirs")


def appearing(machine: Machine, **nodes: Node) -> Callable[[], None]:
    """Return a step at which somebody puts nodes into the application, once all is planned."""

    def appear() -> None:
        if any(machine.state.glob("transaction.json")):
            for name, node in nodes.items():
                if not (machine.root / "app" / name).exists():
                    write(machine.root / "app" / name, node)

    return appear


@pytest.mark.parametrize(
    "node", [THEIRS, directory(0o700), directory(h=THEIRS)], ids=["file", "empty", "directory"]
)
@pytest.mark.parametrize(
    "wanted", [File("2"), directory(h=File("2"))], ids=["for-a-file", "for-a-directory"]
)
def test_what_somebody_puts_where_nothing_was_is_kept(
    machine: Machine, node: Node, wanted: Node
) -> None:
    with pytest.raises(InstallFailed, match=r"put back:\n.*File exists: .*app/g"):
        machine.install(directory(f=File("2"), g=wanted), step=appearing(machine, g=node))

    assert machine.app == directory(f=File("1"), g=node)


def test_a_file_put_into_a_directory_that_was_just_made_is_kept(machine: Machine) -> None:
    def appear() -> None:
        new = machine.root / "app/new"
        if new.exists() and not (new / "g").exists():
            write(new / "g", THEIRS)

    with pytest.raises(InstallFailed, match="File exists"):
        machine.install(directory(new=directory(g=File("2"))), step=appear)

    assert machine.app == directory(f=File("1"), new=directory(g=THEIRS))


def test_a_file_that_comes_before_an_original_is_put_back_is_kept(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(app=directory(f=File("original"))))
    machine.install(directory(f=File("1")), behavior=OVERWRITE)
    (machine.root / "app/f").unlink()

    with pytest.raises(InstallFailed, match="File exists"):
        machine.install(directory(), step=appearing(machine, f=THEIRS))

    assert machine.app == directory(f=THEIRS)


def test_what_an_install_never_came_to_is_kept_when_it_is_taken_back(machine: Machine) -> None:
    with pytest.raises(InstallFailed):
        machine.install(
            directory(g=File("2"), h=File("2")), step=appearing(machine, g=THEIRS, h=THEIRS)
        )

    assert machine.app == directory(f=File("1"), g=THEIRS, h=THEIRS)


def killed_once(machine: Machine, name: str) -> None:
    """Install f, g and h, and be killed once the new one of that name is there."""

    def step() -> None:
        file = machine.root / "app" / name
        if file.exists() and file.read_text() == "2":
            kill()

    with pytest.raises(Killed):
        machine.install(directory(f=File("2"), g=File("2"), h=File("2")), step=step)


def test_what_comes_between_a_kill_and_the_next_start_is_kept(machine: Machine) -> None:
    killed_once(machine, "f")
    write(machine.root / "app/h", THEIRS)

    machine.installer().recover()

    assert machine.app == directory(f=File("1"), h=THEIRS)


def test_after_a_restart_of_the_host_every_change_is_taken_for_begun(machine: Machine) -> None:
    killed_once(machine, "h")
    boot_anew(machine.state / "transaction.json")
    (machine.state / "progress").write_bytes(b"")

    machine.installer().recover()

    assert machine.app == directory(f=File("1"))


CAPABILITY = "security.capability"
MAY_BIND = bytes.fromhex("01000002" + "00040000" + "00000000" * 3)


@needs_root
@pytest.mark.parametrize("mode", [0o755, 0o4750])
def test_what_is_saved_on_another_disk_comes_back_with_all_its_attributes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    file = machine.root / "app/f"
    os.chown(file, 1, 2)
    file.chmod(mode)
    os.setxattr(file, CAPABILITY, MAY_BIND)
    os.setxattr(file, ACL, GRANT)
    before, acl = file.stat(), os.getxattr(file, ACL)
    monkeypatch.setattr(os, "link", link)

    with pytest.raises(InstallFailed, match="put back"):
        machine.install(directory(f=File("2"), g=THEIRS), step=appearing(machine, g=THEIRS))

    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, 1, 2)
    assert after.st_mtime_ns == before.st_mtime_ns
    assert os.getxattr(file, CAPABILITY) == MAY_BIND
    assert os.getxattr(file, ACL) == acl
