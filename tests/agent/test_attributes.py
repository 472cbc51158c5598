"""What a directory of the group's own keeps and loses from one revision to the next.

No host of these tests runs SELinux: the kernel then keeps a label without reading anything in it.
"""

import os
from pathlib import Path

import pytest

from agent.attributes import renew_labels
from tests.agent.machine import ACL, GRANT

DEFAULT_ACL, SELINUX = "system.posix_acl_default", "security.selinux"
USUAL, GRANTED = b"system_u:object_r:usr_t:s0", b"system_u:object_r:etc_t:s0"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    app = tmp_path / "above/app"
    app.mkdir(parents=True)
    return app


def label(directory: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(directory, name, value)
    except OSError as error:
        pytest.skip(f"{name} cannot be set here: {error}")


@pytest.mark.parametrize("name", [ACL, DEFAULT_ACL])
def test_access_control_lists_go(app: Path, name: str) -> None:
    label(app, name, GRANT)

    renew_labels(str(app), is_labelled=False)

    assert name not in os.listxattr(app)


@pytest.mark.parametrize("name", [ACL, DEFAULT_ACL])
def test_what_a_new_directory_would_inherit_stays(app: Path, name: str) -> None:
    label(app.parent, DEFAULT_ACL, GRANT)

    renew_labels(str(app), is_labelled=False)

    assert os.getxattr(app, name) == GRANT


@pytest.mark.parametrize(
    ("is_labelled", "expected"),
    [pytest.param(True, USUAL, id="granted"), pytest.param(False, GRANTED, id="the-hosts")],
)
def test_a_selinux_label_goes_if_it_was_granted(
    app: Path, is_labelled: bool, expected: bytes
) -> None:
    label(app.parent, SELINUX, USUAL)
    label(app, SELINUX, GRANTED)

    renew_labels(str(app), is_labelled=is_labelled)

    assert os.getxattr(app, SELINUX) == expected
