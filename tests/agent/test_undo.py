"""What a directory was is what it is again after an install was taken back.

No host of these tests runs SELinux: the kernel then keeps a label without reading anything in it,
which is all that is needed to see that it comes back.
"""

import os
import stat
from pathlib import Path

import pytest

from agent.grip import Grip
from agent.host_files import HostFiles
from agent.undo import TakingBack, Undo, undo_of_directory
from tests.agent.machine import ACL, GRANT

DEFAULT_ACL, SELINUX = "system.posix_acl_default", "security.selinux"
OTHER_GRANT = GRANT.replace(b"\x04\x00\x01\x00\x00\x00", b"\x06\x00\x01\x00\x00\x00")
VALUES = {
    ACL: (GRANT, OTHER_GRANT),
    DEFAULT_ACL: (GRANT, OTHER_GRANT),
    SELINUX: (b"system_u:object_r:usr_t:s0", b"system_u:object_r:etc_t:s0"),
}
NAMES = pytest.mark.parametrize("name", VALUES)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    app = tmp_path / "app"
    app.mkdir(mode=0o750)
    return app


def label(app: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(app, name, value)
    except OSError as error:
        pytest.skip(f"{name} cannot be set here: {error}")


def undo(action: str, app: Path) -> Undo:
    with Grip(HostFiles(app.parent), ()) as grip:
        return undo_of_directory(action, "/app", grip)


def take_back(app: Path, *undos: Undo) -> None:
    host = HostFiles(app.parent)
    with Grip(host, ()) as grip:
        taking_back = TakingBack(host, grip, state=os.fspath(app.parent), temporary=".part")
        taking_back.run(undos, len(undos), lambda: None)


@NAMES
def test_a_label_that_was_granted_is_taken_away(app: Path, name: str) -> None:
    planned = undo("attributes", app)
    label(app, name, VALUES[name][0])

    take_back(app, planned)

    assert name not in os.listxattr(app)


@NAMES
def test_a_label_that_was_changed_is_what_it_was(app: Path, name: str) -> None:
    before, after = VALUES[name]
    label(app, name, before)
    planned = undo("attributes", app)
    label(app, name, after)

    take_back(app, planned)

    assert os.getxattr(app, name) == before


@NAMES
def test_a_directory_that_is_made_again_has_its_label(app: Path, name: str) -> None:
    label(app, name, VALUES[name][0])
    planned = undo("mkdir", app)
    app.rmdir()

    take_back(app, planned)

    assert os.getxattr(app, name) == VALUES[name][0]


def test_a_mode_changed_beside_a_list_is_what_it_was(app: Path) -> None:
    label(app, ACL, GRANT)
    app.chmod(0o2775)
    planned = undo("attributes", app)
    app.chmod(0o700)

    take_back(app, planned)

    assert stat.S_IMODE(app.stat().st_mode) == 0o2775


def test_a_label_of_somebody_else_is_left_alone(app: Path) -> None:
    planned = undo("attributes", app)
    label(app, "user.note", b"by hand")

    take_back(app, planned)

    assert os.getxattr(app, "user.note") == b"by hand"


def test_what_a_link_leads_to_keeps_its_labels(app: Path) -> None:
    planned = undo("attributes", app)
    elsewhere = app.with_name("elsewhere")
    elsewhere.mkdir()
    label(elsewhere, ACL, GRANT)
    app.rmdir()
    app.symlink_to(elsewhere)

    take_back(app, planned)

    assert os.getxattr(elsewhere, ACL) == GRANT


def test_an_undo_written_by_an_older_agent_is_understood() -> None:
    assert Undo("attributes", "/app", "", [0o755, 0, 0]).labels == {}
