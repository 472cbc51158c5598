"""Root directories and destinations on disks that are full, read-only or strangely named.

Each deployment is a process of its own that mounts such disks where only it sees them.
"""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

APPSPEC = """\
version: 0.0
os: linux
files: [{source: page, destination: /app}]
hooks:
  ApplicationStart: [{location: start.sh, timeout: 30}]
"""
ROOMY = "16m"
FITS, TOO_LARGE = 100_000, 20_000_000


def may_mount() -> bool:
    """Whether this machine lets the tests have disks of their own."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    mount = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="only root may mount disks, where it may")


@dataclass(frozen=True)
class Said:
    """How one deployment ended, and what was then to be seen on its disks."""

    status: int
    text: str
    page: str
    stray: str


class Disks:
    """A host whose root and destination are disks; each deployment begins with fresh ones.

    A first revision, v1, is deployed while there is room, and then a second one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.root = directory / "the root"
        self.destination = directory / "the destination"
        for disk in (self.root, self.destination):
            disk.mkdir()
        self.bundle("v1", page="v1")

    def bundle(self, name: str, *, page: str, start: str = "exit 0", ballast: int = 0) -> None:
        bundle = self._directory / name
        bundle.mkdir()
        (bundle / "appspec.yml").write_text(APPSPEC)
        (bundle / "start.sh").write_text(f"#!/bin/sh\n{start}\n")
        (bundle / "page").write_text(page)
        (bundle / "ballast").write_bytes(os.urandom(ballast))

    def deploy(self, *, meanwhile: str) -> Said:
        """Deploy v1, let `meanwhile` happen to the disks, and deploy v2."""
        story = f"""
            mount -t tmpfs -o size={ROOMY} tmpfs "$ROOT" || exit 90
            mount -t tmpfs -o size={ROOMY} tmpfs "$DESTINATION" || exit 90
            {self._command("v1")} >&2 || exit 91
            {meanwhile}
            {self._command("v2")} >said 2>&1; echo $? >status
            cat "$DESTINATION/app/page" >page
            find "$DESTINATION" -type f ! -name page >stray
        """
        names = {"ROOT": str(self.root), "DESTINATION": str(self.destination)}
        subprocess.run(
            ["unshare", "-m", "sh", "-c", story],
            cwd=self._directory,
            env={**os.environ, **names},
            timeout=60,
            check=True,
        )
        status, text, page, stray = map(self._read, ("status", "said", "page", "stray"))
        return Said(int(status), text, page, stray)

    def _command(self, bundle: str) -> str:
        places = ("--root", str(self.root), "--destination-root", str(self.destination))
        agent = (sys.executable, "-m", "agent.cli", "local", "-l", bundle, *places)
        return f"PYTHONPATH={shlex.quote(str(Path.cwd()))} {shlex.join(agent)}"

    def _read(self, name: str) -> str:
        return (self._directory / name).read_text(errors="replace")


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


def test_names_with_blanks_are_no_problem(disks: Disks) -> None:
    disks.bundle("v2", page="v2", start='cd "$PWD" && echo fine')

    said = disks.deploy(meanwhile="")

    assert (said.status, said.page) == (0, "v2"), said.text


def test_a_bundle_that_does_not_fit_into_the_root_changes_nothing(disks: Disks) -> None:
    disks.bundle("v2", page="v2", ballast=TOO_LARGE)

    said = disks.deploy(meanwhile="")

    assert (said.status, said.page) == (1, "v1")
    assert "No space left on device" in said.text


def test_a_root_that_is_full_to_the_last_byte_changes_nothing(disks: Disks) -> None:
    disks.bundle("v2", page="v2")

    said = disks.deploy(meanwhile='cat /dev/zero >"$ROOT/full" 2>/dev/null')

    assert (said.status, said.page) == (1, "v1")
    assert "No space left on device" in said.text
    assert "Traceback" not in said.text


def test_a_revision_that_fits_only_packed_changes_nothing(disks: Disks) -> None:
    disks.bundle("v2", page="v2", ballast=10_000_000)

    said = disks.deploy(meanwhile="")

    assert (said.status, said.page) == (1, "v1")
    assert "DownloadBundle: Failed" in said.text
    assert "No space left on device" in said.text


def test_a_script_that_fills_the_root_ends_the_deployment_in_words(disks: Disks) -> None:
    disks.bundle("v2", page="v2", start=f"head -c {TOO_LARGE} /dev/zero")

    said = disks.deploy(meanwhile="")

    assert said.status == 1
    assert (
        f"which works in {disks.root}, was let down by this host: [Errno 28] No space" in said.text
    )
    assert "Traceback" not in said.text


def test_a_script_goes_on_when_the_root_takes_no_more_of_its_output(disks: Disks) -> None:
    start = f"head -c {TOO_LARGE} /dev/zero\n: >ballast"
    disks.bundle("v2", page="v2", start=start, ballast=1_000_000)

    said = disks.deploy(meanwhile="")

    assert (said.status, said.page) == (0, "v2"), said.text
    assert "not all it printed was kept, because the disk took no more" in said.text


def test_a_destination_without_room_keeps_the_old_revision(disks: Disks) -> None:
    disks.bundle("v2", page="v2" * FITS)

    said = disks.deploy(meanwhile='mount -o remount,size=64k "$DESTINATION"')

    assert (said.status, said.page) == (1, "v1")
    assert "Install: Failed" in said.text
    assert "No space left on device" in said.text
    assert said.stray == ""


def test_a_destination_that_is_read_only_is_said(disks: Disks) -> None:
    disks.bundle("v2", page="v2")

    said = disks.deploy(meanwhile='mount -o remount,ro "$DESTINATION"')

    assert (said.status, said.page) == (1, "v1")
    assert "Install: Failed" in said.text
    assert "Read-only file system" in said.text


def test_a_root_that_is_read_only_is_said_before_anything_begins(disks: Disks) -> None:
    disks.bundle("v2", page="v2")

    said = disks.deploy(meanwhile='mount -o remount,ro "$ROOT"')

    assert (said.status, said.page) == (2, "v1")
    assert f"The root directory {disks.root} cannot be used: Read-only file system" in said.text
    assert "ApplicationStop" not in said.text
