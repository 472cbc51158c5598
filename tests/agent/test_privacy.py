"""What others on a host may see of an agent, and scripts of its open files."""

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

APPSPEC = "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a.sh}]}\n"
BEYOND_A_SHELLS = 300
"""A shell reads its script from a descriptor of its own: the first from 10 on, or 255."""


class Place:
    """A directory with a bundle, its agent's root and its destination."""

    def __init__(self, directory: Path) -> None:
        self._bundle = directory / "bundle"
        self.root = directory / "above" / "root"
        self._destination = directory / "destination"
        self._bundle.mkdir()
        (self._bundle / "appspec.yml").write_text(APPSPEC)

    def deploy(
        self,
        script: str,
        *,
        umask: int = 0o022,
        leaving_open: Sequence[int] = (),
        redirection: str = "",
    ) -> str:
        """Deploy with an agent of its own process, and return what that says."""
        (self._bundle / "a.sh").write_text(f"#!/bin/sh\n{script}\n")
        places = ("--root", str(self.root), "--destination-root", str(self._destination))
        agent = (sys.executable, "-m", "agent.cli", "local", "-l", str(self._bundle), *places)
        line = ("sh", "-c", f'exec "$@" {redirection}', "sh", *agent)
        done = subprocess.run(
            line,
            umask=umask,
            pass_fds=leaving_open,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    @property
    def deployment(self) -> Path:
        (directory,) = (self.root / "deployments").iterdir()
        return directory


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o000], ids=oct)
def test_every_user_can_reach_the_scripts_whatever_the_umask(place: Place, umask: int) -> None:
    place.deploy("exit 0", umask=umask)

    script = place.deployment / "archive" / "a.sh"
    above = script.relative_to(place.root.parent).parents
    assert {mode(place.root.parent / directory) for directory in above} == {0o755}
    assert mode(script) & 0o005 == 0o005


@pytest.mark.parametrize("umask", [0o022, 0o000], ids=oct)
def test_what_scripts_print_is_the_agents_alone(place: Place, umask: int) -> None:
    place.deploy("echo secret", umask=umask)

    output = place.deployment / "scripts" / "AfterInstall-1" / "output"
    assert mode(output) == mode(place.deployment / "journal.jsonl") == 0o600


def test_a_script_gets_no_open_file_that_the_agent_was_started_with(place: Place) -> None:
    reading, writing = os.pipe()
    given = fcntl.fcntl(writing, fcntl.F_DUPFD, BEYOND_A_SHELLS)

    said = place.deploy(f"[ -e /proc/$$/fd/{given} ] || echo is not there", leaving_open=[given])

    for descriptor in (reading, writing, given):
        os.close(descriptor)
    assert "  | is not there" in said


def test_an_agent_without_standard_input_deploys_all_the_same(place: Place) -> None:
    said = place.deploy("echo printed", redirection="<&-")

    assert "  | printed" in said
