"""The power fails during an install or right after it: the disk has the old tree or the new one.

The disk is a file system in a file. A copy of that file is what a disk would hold if the power went
at this moment: nothing that only the kernel's memory knew.
"""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.installer import Installer
from tests.agent.machine import STATE, Machine, boot_anew
from tests.agent.test_crash_points import VERSION_1, VERSION_2
from tests.agent.trees import File, Link, Node, directory, read

pytestmark = pytest.mark.end_to_end  # File systems are made and mounted.

IMAGE_BYTES = 16 << 20
FAILURES = 12


@contextmanager
def mounted(image: Path) -> Iterator[Path]:
    at = image.with_name("mounted")
    at.mkdir(exist_ok=True)
    if subprocess.run(("mount", "-o", "loop", image, at), capture_output=True).returncode:
        pytest.skip("needs to be root, and loop devices")
    try:
        yield at
    finally:
        subprocess.run(("umount", at), check=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    image = tmp_path / "disk"
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("needs mkfs.ext4")
    image.touch()
    os.truncate(image, IMAGE_BYTES)
    subprocess.run(("mkfs.ext4", "-q", image), check=True)
    return image


def steps_of(old: Node, new: Node, place: Path) -> list[None]:
    """Return as many items as the install of `new` over `old` has steps."""
    machine = Machine(place / "counted")
    machine.install(old)
    steps: list[None] = []
    machine.install(new, step=lambda: steps.append(None))
    return steps


def after_the_failure(copy: Path) -> Node:
    """Return the tree that an agent puts in order once the power is back."""
    with mounted(copy) as at:
        boot_anew(at / STATE / "transaction.json")
        Installer(at / STATE, at / "root").recover()
        return read(at / "root")


FEW = pytest.param(
    directory(same=File("0"), f=File("1"), d=directory(g=File("1")), current=Link("d")),
    directory(same=File("0"), f=File("2"), e=directory(h=File("2")), current=Link("e")),
    id="a-few-files",
)
MANY = pytest.param(VERSION_1, VERSION_2, id="many-files")


@pytest.mark.parametrize(("old", "new"), [FEW, MANY])
def test_what_an_install_has_put_there_is_on_the_disk_when_it_returns(
    image: Path, old: Node, new: Node
) -> None:
    with mounted(image) as disk:
        machine = Machine(disk)
        machine.install(old)
        after_old = shutil.copyfile(image, image.with_name("after-old"))
        machine.install(new)
        after_new = shutil.copyfile(image, image.with_name("after-new"))

    assert after_the_failure(after_old) == directory(app=old)
    assert after_the_failure(after_new) == directory(app=new)


@pytest.mark.parametrize(("old", "new"), [FEW, MANY])
def test_a_power_failure_at_any_moment_leaves_the_old_tree_or_the_new(
    image: Path, old: Node, new: Node
) -> None:
    copies: list[Path] = []
    steps = itertools.count()
    spacing = len(steps_of(old, new, image.parent)) // FAILURES

    def fail_now_and_then() -> None:
        if next(steps) % spacing == 0:
            copies.append(shutil.copyfile(image, image.with_name(f"copy-{len(copies)}")))

    with mounted(image) as disk:
        machine = Machine(disk)
        machine.install(old)
        machine.install(new, step=fail_now_and_then)

    trees = [after_the_failure(copy) for copy in copies]
    assert len(trees) >= FAILURES
    assert all(tree in (directory(app=old), directory(app=new)) for tree in trees)
