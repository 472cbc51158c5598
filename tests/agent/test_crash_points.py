"""An install of 200 files, killed at every single step: the old tree or the new one, no mixture."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.installer import Installer
from codedeploy.appspec import FileExistsBehavior, FileMapping, ServerAppSpec
from tests.agent.machine import STATE
from tests.agent.trees import Directory, File, Link, Node, directory, read, write

pytestmark = pytest.mark.end_to_end  # A thousand processes are killed.

KILLED = 9
APPSPEC = ServerAppSpec(os="linux", files=(FileMapping(source="/", destination="/srv/app"),))


def _revision(version: str, numbers: range) -> Directory:
    """Return a revision of files in ten directories, and a link to one of them."""
    parts = {
        f"part-{part}": directory(
            **{f"file-{n}": File(f"{version} of {n}") for n in numbers if n % 10 == part}
        )
        for part in range(10)
    }
    return directory(**parts, current=Link(f"part-{len(version)}"))


VERSION_1 = _revision("v1", range(200))
VERSION_2 = _revision("v2.0", range(50, 250))


class Host:
    """A host that can be killed in the middle of an install."""

    def __init__(self, place: Path) -> None:
        self._state = place / STATE
        self._archives = {
            "v1": write(place / "v1", VERSION_1),
            "v2": write(place / "v2", VERSION_2),
        }
        self.root = write(place / "root", directory(srv=directory()))

    @property
    def tree(self) -> Node:
        return read(self.root)

    def install(self, version: str, step: Callable[[], None] = lambda: None) -> None:
        Installer(self._state, self.root, step=step).install(
            self._archives[version],
            APPSPEC,
            deployment_id=f"d-{version}",
            file_exists_behavior=FileExistsBehavior.DISALLOW,
        )

    def install_and_die(self, at_step: int) -> bool:
        """Install version 2 in a process that is killed at a step; False if it got to its end."""
        child = os.fork()
        if child == 0:
            steps = itertools.count()
            self.install("v2", lambda: _die_if(next(steps) == at_step))
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED

    def recover(self) -> None:
        Installer(self._state, self.root).recover()


def _die_if(is_time: bool) -> None:
    if is_time:
        os._exit(KILLED)


def _new_tree(place: Path) -> Node:
    host = Host(place)
    host.install("v1")
    host.install("v2")
    return host.tree


def test_a_kill_at_any_step_of_200_files_leaves_the_old_tree_or_the_new(tmp_path: Path) -> None:
    new = _new_tree(tmp_path / "expected")
    host = Host(tmp_path / "killed")
    host.install("v1")
    old = host.tree
    outcomes: list[str] = []

    for step in itertools.count():
        if not host.install_and_die(step):
            break
        host.recover()
        tree = host.tree
        assert tree in (old, new), f"a mixture after a kill at step {step}"
        outcomes.append("old" if tree == old else "new")

    assert len(outcomes) > 200
    assert outcomes == sorted(outcomes, reverse=True), "once new, never old again"
    assert host.tree == new
