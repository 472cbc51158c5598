"""What a revision has in common with the one before stays where it is."""

import os
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import Permission
from tests.agent.machine import OVERWRITE, Machine, fill_disk, stop_at
from tests.agent.trees import OLD, File, Link, Node, directory

NEW = OLD + 1000


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def inode(machine: Machine, name: str) -> int:
    return (machine.root / "app" / name).lstat().st_ino


@pytest.mark.parametrize("node", [File("x", 0o640), File(""), Link("elsewhere")], ids=str)
def test_what_is_the_same_is_not_written_again(machine: Machine, node: Node) -> None:
    machine.install(directory(f=node))
    before = inode(machine, "f")

    machine.install(directory(f=node))

    assert inode(machine, "f") == before
    assert machine.app == directory(f=node)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(File("1"), File("2"), id="content"),
        pytest.param(File("1" * 3_000_000), File("1" * 2_999_999 + "2"), id="last-byte"),
        pytest.param(File("1", 0o644), File("1", 0o600), id="mode"),
        pytest.param(Link("a"), Link("b"), id="link"),
        pytest.param(Link("a"), File("a"), id="link-to-file"),
        pytest.param(File("a"), Link("a"), id="file-to-link"),
    ],
)
def test_what_differs_is_replaced_though_time_and_size_agree(
    machine: Machine, old: Node, new: Node
) -> None:
    machine.install(directory(f=old))

    machine.install(directory(f=new))

    assert machine.app == directory(f=new)


def test_an_edit_on_the_host_is_replaced_though_time_and_size_agree(machine: Machine) -> None:
    machine.install(directory(f=File("1")))
    (machine.root / "app/f").write_text("2")
    os.utime(machine.root / "app/f", (OLD, OLD))

    machine.install(directory(f=File("1")))

    assert machine.app == directory(f=File("1"))


def test_an_extended_attribute_that_the_revision_does_not_have_goes(machine: Machine) -> None:
    machine.install(directory(f=File("1")))
    file = machine.root / "app/f"
    os.setxattr(file, "user.note", b"by hand")

    machine.install(directory(f=File("1")))

    assert "user.note" not in os.listxattr(file)


def test_a_mode_that_is_granted_is_part_of_what_is_compared(machine: Machine) -> None:
    permission = Permission(object="/app", mode="600", types=("file",))
    machine.install(directory(f=File("1")), permissions=(permission,))
    before = inode(machine, "f")

    machine.install(directory(f=File("1")), permissions=(permission,))

    assert inode(machine, "f") == before
    assert machine.app == directory(f=File("1", 0o600))


def test_a_file_of_somebody_else_with_the_same_content_is_still_kept_for_later(
    tmp_path: Path,
) -> None:
    before = directory(app=directory(f=File("1")))
    machine = Machine(tmp_path, before)
    machine.install(directory(f=File("1")), behavior=OVERWRITE)
    machine.install(directory(f=File("2")))

    machine.install(directory())

    assert machine.tree == before


@pytest.mark.parametrize("node", [File("x"), Link("x")], ids=["file", "link"])
def test_a_new_build_of_the_same_gets_its_time_and_nothing_else(
    machine: Machine, node: Node
) -> None:
    machine.install(directory(f=node), times={"f": OLD})
    before = inode(machine, "f")

    machine.install(directory(f=node), times={"f": NEW})

    assert inode(machine, "f") == before
    assert (machine.root / "app/f").lstat().st_mtime == NEW


@pytest.mark.parametrize("number", range(5))
def test_an_install_that_fails_puts_the_old_time_back(machine: Machine, number: int) -> None:
    machine.install(directory(f=File("x")), times={"f": OLD})

    with pytest.raises(InstallFailed):
        machine.install(
            directory(f=File("x"), g=File()), times={"f": NEW}, step=stop_at(number, fill_disk)
        )

    assert (machine.root / "app/f").stat().st_mtime == OLD
    assert machine.app == directory(f=File("x"))


def label(path: Path, text: str) -> None:
    """Label a file as SELinux would; without it the kernel keeps the label and reads nothing in."""
    try:
        os.setxattr(path, "security.selinux", text.encode())
    except OSError as error:
        pytest.skip(f"labels cannot be set here: {error}")


@pytest.mark.parametrize(
    ("kind", "stays"),
    [pytest.param("usr_t", True, id="usual"), pytest.param("etc_t", False, id="granted-once")],
)
def test_with_selinux_a_file_stays_if_its_label_is_the_one_its_directory_gives(
    machine: Machine, kind: str, stays: bool
) -> None:
    machine.install(directory(f=File("1")))
    label(machine.root / "app", "system_u:object_r:usr_t:s0")
    label(machine.root / "app/f", f"unconfined_u:object_r:{kind}:s0")
    before = inode(machine, "f")

    machine.install(directory(f=File("1")))

    assert (inode(machine, "f") == before) is stays
