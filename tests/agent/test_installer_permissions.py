"""What the permissions of an AppSpec make of what is installed."""

import grp
import os
import pwd
import sys
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import Permission, SelinuxContext
from tests.agent.machine import ACL, GRANT, Machine, fill_disk, needs_root
from tests.agent.trees import File, directory, write


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_mode_is_granted_below_its_object_only(machine: Machine) -> None:
    machine.install(
        directory(bin=directory(run=File("1"))),
        permissions=(Permission(object="/app/bin", mode="4711", types=("file",)),),
    )

    assert machine.app == directory(bin=directory(run=File("1", 0o4711)))


def test_a_mode_reaches_a_directory_that_an_earlier_revision_made(machine: Machine) -> None:
    revision = directory(log=directory())
    machine.install(revision)

    machine.install(revision, permissions=(Permission(object="/app", mode="2770"),))

    assert machine.app == directory(log=directory(0o2770))


@needs_root
def test_owner_and_group_are_given(machine: Machine) -> None:
    nobody = pwd.getpwnam("nobody")
    group = grp.getgrgid(nobody.pw_gid).gr_name
    permission = Permission(object="/app", owner="nobody", group=group, mode="6755")

    machine.install(directory(f=File("1")), permissions=(permission,))

    found = (machine.root / "app/f").stat()
    assert (found.st_uid, found.st_gid) == (nobody.pw_uid, nobody.pw_gid)
    assert found.st_mode & 0o7777 == 0o6755


def test_what_fits_nothing_is_a_warning(machine: Machine) -> None:
    warnings = machine.install(
        directory(f=File("1")), permissions=(Permission(object="/other", mode="600"),)
    )

    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("permission", "message"),
    [
        pytest.param(Permission(object="/app", owner="no-such"), "no user 'no-such'", id="owner"),
        pytest.param(
            Permission(object="/app", owner="4294967296"), "no user '4294967296'", id="too-high"
        ),
        pytest.param(
            Permission(object="/app", owner="4294967295"), "no user '4294967295'", id="no-id"
        ),
        pytest.param(Permission(object="/app", group="9" * 5000), "no group '999", id="too-long"),
        pytest.param(Permission(object="/app", group="no-such"), "no group 'no-such'", id="group"),
        pytest.param(
            Permission(object="/app", acls=("u:root:r",)), "install the package acl", id="acls"
        ),
        pytest.param(
            Permission(object="/app", context=SelinuxContext(type="etc_t")),
            "context needs SELinux",
            id="context",
        ),
    ],
)
def test_what_the_host_cannot_grant_is_found_before_anything_is_touched(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    permission: Permission,
    message: str,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(InstallFailed, match=message):
        machine.install(directory(f=File("1")), permissions=(permission,))

    assert machine.tree == directory()


def test_access_control_lists_are_set_with_setfacl(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    tool = write(tmp_path / "setfacl", File(f'#!/bin/sh\necho "$1 $2" >> {record}\n', 0o755))
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")

    machine.install(
        directory(f=File("1")),
        permissions=(Permission(object="/app", acls=("u:root:r", "g:root:x")),),
    )

    assert record.read_text() == "-m u:root:r,g:root:x\n"


def test_a_list_granted_to_an_older_directory_goes_again_with_a_failed_install(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = f"import os, sys\nos.setxattr(sys.argv[-1], {ACL!r}, {GRANT!r})"
    tool = write(tmp_path / "setfacl", File(f"#!{sys.executable}\n{grants}", 0o755))
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")
    machine.install(directory())

    def fail_once_it_is_granted() -> None:
        if ACL in os.listxattr(machine.root / "app"):
            fill_disk()

    with pytest.raises(InstallFailed, match="No space left"):
        machine.install(
            directory(f=File("1")),
            permissions=(Permission(object="/", acls=("u:1:r",), types=("directory",)),),
            step=fail_once_it_is_granted,
        )
    machine.installer().recover()

    assert os.listxattr(machine.root / "app") == []
    assert machine.app == directory()


def test_a_tool_that_fails_takes_the_install_back(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = write(tmp_path / "setfacl", File("#!/bin/sh\necho no such >&2\nexit 1\n", 0o755))
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")

    with pytest.raises(InstallFailed, match="no such"):
        machine.install(
            directory(f=File("1")),
            permissions=(Permission(object="/app", acls=("u:root:r",)),),
        )

    assert machine.tree == directory()
