import contextlib
import errno
import grp
import itertools
import os
import pwd
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.installer import Installer, InstallFailed
from codedeploy.appspec import (
    FileExistsBehavior,
    FileMapping,
    Permission,
    SelinuxContext,
    ServerAppSpec,
)
from tests.agent.trees import OLD, Directory, File, Link, Node, directory, read, write

EVERYTHING = (FileMapping(source="/", destination="/app"),)
OVERWRITE = FileExistsBehavior.OVERWRITE
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


ACL = "system.posix_acl_access"
GRANT = bytes.fromhex(
    "02000000"  # the format, then tag, permissions and id of each entry, little-endian
    "01000700ffffffff"
    "0200040001000000"
    "04000500ffffffff"
    "10000500ffffffff"
    "20000500ffffffff"
)
"""rwx for the owner, r for user 1, r-x for everybody else, as the kernel keeps it."""


class Machine:
    """A host of its own below a directory, with one deployment group on it."""

    def __init__(self, place: Path, tree: Node | None = None) -> None:
        self.root = write(place / "root", tree or directory())
        self.state = place / "state"
        self._place = place
        self._deployments = 0

    def installer(self, step: Callable[[], None] = lambda: None) -> Installer:
        return Installer(self.state, self.root, step=step)

    def archive(self, revision: Node) -> Path:
        self._deployments += 1
        return write(self._place / f"archive-{self._deployments}", revision)

    def install(
        self,
        revision: Node,
        *,
        permissions: tuple[Permission, ...] = (),
        behavior: FileExistsBehavior = FileExistsBehavior.DISALLOW,
        times: Mapping[str, float] = {},
        step: Callable[[], None] = lambda: None,
    ) -> tuple[str, ...]:
        archive = self.archive(revision)
        for name, moment in times.items():
            os.utime(archive / name, (moment, moment), follow_symlinks=False)
        return self.installer(step).install(
            archive,
            ServerAppSpec(os="linux", files=EVERYTHING, permissions=permissions),
            deployment_id=f"d-{self._deployments}",
            file_exists_behavior=behavior,
        )

    @property
    def tree(self) -> Node:
        return read(self.root)

    @property
    def app(self) -> Node:
        return read(self.root / "app")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_files_directories_and_links_arrive_as_they_were_packed(machine: Machine) -> None:
    revision = directory(
        run=File("#!/bin/sh", 0o750),
        secrets=directory(0o700, key=File("k", 0o600)),
        current=Link("secrets"),
        dangling=Link("nowhere"),
    )

    machine.install(revision)

    assert machine.app == revision


def test_modification_times_are_kept(machine: Machine) -> None:
    machine.install(directory(f=File("x")))

    assert (machine.root / "app/f").stat().st_mtime == OLD


def test_a_second_call_for_the_same_deployment_does_nothing(machine: Machine) -> None:
    archive = machine.archive(directory(f=File("new")))
    spec = ServerAppSpec(os="linux", files=EVERYTHING)
    disallow = FileExistsBehavior.DISALLOW
    machine.installer().install(archive, spec, deployment_id="d-1", file_exists_behavior=disallow)
    (machine.root / "app/f").write_text("edited since")

    machine.installer().install(archive, spec, deployment_id="d-1", file_exists_behavior=disallow)

    assert machine.app == directory(f=File("edited since"))


def test_the_next_revision_removes_exactly_what_the_last_one_put_there(machine: Machine) -> None:
    machine.install(directory(a=File("1"), d=directory(x=File("1"), y=File("1"))))
    (machine.root / "app/d/upload").write_text("a user's")

    machine.install(directory(b=File("2")))

    assert machine.app == directory(b=File("2"), d=directory(upload=File("a user's")))


def test_all_problems_are_reported_and_nothing_is_touched(tmp_path: Path) -> None:
    before = directory(app=directory(f=File("theirs"), g=File("theirs")))
    machine = Machine(tmp_path, before)

    with pytest.raises(InstallFailed) as failure:
        machine.install(directory(e=File(), f=File(), g=File()))

    assert len(failure.value.problems) == 2
    assert "/app/f already exists" in failure.value.message
    assert machine.tree == before


def test_a_long_list_of_problems_is_cut_in_the_message_only(tmp_path: Path) -> None:
    files = {f"f{number}": File() for number in range(60)}
    machine = Machine(tmp_path, directory(app=Directory(children=files)))

    with pytest.raises(InstallFailed, match="and 10 more") as failure:
        machine.install(Directory(children=files))

    assert len(failure.value.problems) == 60


def test_an_overwritten_file_comes_back_when_its_revision_goes(tmp_path: Path) -> None:
    before = directory(app=directory(conf=File("by hand", 0o640), other=Link("conf")))
    machine = Machine(tmp_path, before)

    machine.install(directory(conf=File("1"), other=File("1")), behavior=OVERWRITE)
    machine.install(directory(conf=File("2"), other=File("2")))
    machine.install(directory(new=File("3")))

    assert machine.app == directory(conf=File("by hand", 0o640), other=Link("conf"), new=File("3"))


def test_overwriting_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(etc=File("system"), app=directory(f=Link("../etc"))))

    machine.install(directory(f=File("ours")), behavior=OVERWRITE)

    assert machine.tree == directory(etc=File("system"), app=directory(f=File("ours")))


def test_a_link_replaces_a_file(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(app=directory(f=File("theirs"))))

    machine.install(directory(f=Link("target")), behavior=OVERWRITE)

    assert machine.app == directory(f=Link("target"))


def test_a_retained_file_stays_theirs(tmp_path: Path) -> None:
    machine = Machine(tmp_path, directory(app=directory(f=File("theirs"))))

    machine.install(directory(f=File("1"), g=File("1")), behavior=FileExistsBehavior.RETAIN)
    machine.install(directory())

    assert machine.app == directory(f=File("theirs"))


def test_nothing_is_left_in_the_state_but_the_ownership(machine: Machine) -> None:
    machine.install(directory(f=File("1")))
    machine.install(directory(f=File("2")))

    assert [path.name for path in machine.state.iterdir()] == ["ownership.json"]


def test_an_appspec_for_another_system_is_refused(machine: Machine) -> None:
    archive = machine.archive(directory(f=File("1")))

    with pytest.raises(InstallFailed, match="the AppSpec is for windows"):
        machine.installer().install(
            archive,
            ServerAppSpec(os="windows", files=EVERYTHING),
            deployment_id="d-1",
            file_exists_behavior=OVERWRITE,
        )


def test_a_damaged_record_stops_the_install_before_anything_is_touched(machine: Machine) -> None:
    machine.install(directory(f=File("1")))
    (machine.state / "ownership.json").write_text("{")

    with pytest.raises(InstallFailed, match="Nothing was changed; the record"):
        machine.install(directory(f=File("2")))

    assert machine.app == directory(f=File("1"))


def test_names_that_are_not_text_are_installed_and_removed(machine: Machine) -> None:
    name = os.fsdecode(b"caf\xe9 \n")

    machine.install(Directory(children={name: File("1")}))
    machine.install(directory())

    assert machine.tree == directory(app=directory())


class TestPermissions:
    def test_a_mode_is_granted_below_its_object_only(self, machine: Machine) -> None:
        machine.install(
            directory(bin=directory(run=File("1"))),
            permissions=(Permission(object="/app/bin", mode="4711", types=("file",)),),
        )

        assert machine.app == directory(bin=directory(run=File("1", 0o4711)))

    def test_a_mode_reaches_a_directory_that_an_earlier_revision_made(
        self, machine: Machine
    ) -> None:
        revision = directory(log=directory())
        machine.install(revision)

        machine.install(revision, permissions=(Permission(object="/app", mode="2770"),))

        assert machine.app == directory(log=directory(0o2770))

    @needs_root
    def test_owner_and_group_are_given(self, machine: Machine) -> None:
        nobody = pwd.getpwnam("nobody")
        group = grp.getgrgid(nobody.pw_gid).gr_name
        permission = Permission(object="/app", owner="nobody", group=group, mode="6755")

        machine.install(directory(f=File("1")), permissions=(permission,))

        found = (machine.root / "app/f").stat()
        assert (found.st_uid, found.st_gid) == (nobody.pw_uid, nobody.pw_gid)
        assert found.st_mode & 0o7777 == 0o6755

    def test_what_fits_nothing_is_a_warning(self, machine: Machine) -> None:
        warnings = machine.install(
            directory(f=File("1")), permissions=(Permission(object="/other", mode="600"),)
        )

        assert len(warnings) == 1

    @pytest.mark.parametrize(
        ("permission", "message"),
        [
            pytest.param(
                Permission(object="/app", owner="no-such"), "no user 'no-such'", id="owner"
            ),
            pytest.param(
                Permission(object="/app", group="no-such"), "no group 'no-such'", id="group"
            ),
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
        self,
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
        self, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        self, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        self, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tool = write(tmp_path / "setfacl", File("#!/bin/sh\necho no such >&2\nexit 1\n", 0o755))
        monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")

        with pytest.raises(InstallFailed, match="no such"):
            machine.install(
                directory(f=File("1")),
                permissions=(Permission(object="/app", acls=("u:root:r",)),),
            )

        assert machine.tree == directory()


# Every kind of transition at once. `link` is the dangerous one: while it stands, undoing the new
# directory of that name must not reach the user's file behind it.
HOST = directory(
    app=directory(user=File("user"), conf=File("by hand", 0o600), theirs=directory(x=File("x")))
)
VERSION_1 = directory(
    changed=File("1"),
    removed=directory(0o711, deep=directory(f=File("1", 0o755))),
    conf=File("1"),
    conf2=File("1"),
    link=Link("theirs"),
    was_file=File("1"),
    was_directory=directory(0o750, f=File("1"), sub=directory()),
    was_link=Link("user"),
    mode=directory(0o700, f=File("1")),
)
VERSION_2 = directory(
    changed=File("2", 0o755),
    added=directory(deep=directory(f=File("2"))),
    conf2=Link("conf"),
    link=directory(x=File("2")),
    was_file=directory(f=File("2")),
    was_directory=Link("added"),
    was_link=File("2"),
    mode=directory(0o755, f=File("2")),
)


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches kill -9."""


def stop_at(number: int, stop: Callable[[], None]) -> Callable[[], None]:
    taken = itertools.count()

    def step() -> None:
        if next(taken) == number:
            stop()

    return step


def kill() -> None:
    raise Killed


def die() -> None:
    os._exit(9)


def fill_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def with_version_1(place: Path) -> Machine:
    machine = Machine(place, HOST)
    machine.install(VERSION_1, behavior=OVERWRITE)
    return machine


def count_steps(place: Path) -> int:
    taken: list[None] = []
    with_version_1(place).install(VERSION_2, step=lambda: taken.append(None))
    return len(taken)


STEPS = range(37)
COMMIT = STEPS[-3]
RECOVERY_STEPS = range(24)


def test_every_step_is_tried(tmp_path: Path) -> None:
    assert count_steps(tmp_path) == len(STEPS)


@pytest.fixture
def before_and_after(tmp_path: Path) -> tuple[Node, Node]:
    machine = with_version_1(tmp_path / "expected")
    before = machine.tree
    machine.install(VERSION_2)
    return before, machine.tree


def test_the_transitions_of_these_tests_are_as_intended(
    before_and_after: tuple[Node, Node],
) -> None:
    after = before_and_after[1]

    assert isinstance(after, Directory)
    app = after.children["app"]
    assert isinstance(app, Directory)
    assert dict(app.children) == {
        **VERSION_2.children,
        "user": File("user"),
        "conf": File("by hand", 0o600),
        "theirs": directory(x=File("x")),
    }


@pytest.mark.parametrize("number", STEPS)
def test_a_kill_at_any_step_leaves_the_old_tree_or_the_new(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    child = os.fork()
    if child == 0:
        machine.install(VERSION_2, step=stop_at(number, die))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    machine.installer().recover()

    assert machine.tree in before_and_after
    assert not {"transaction.json", "backup"} & {path.name for path in machine.state.iterdir()}


@pytest.mark.parametrize("number", RECOVERY_STEPS)
def test_a_recovery_that_is_killed_at_any_step_is_taken_up_again(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    with pytest.raises(Killed):
        machine.install(VERSION_2, step=stop_at(COMMIT, kill))
    with pytest.raises(Killed):
        machine.installer(stop_at(number, kill)).recover()

    machine.installer().recover()

    assert machine.tree == before_and_after[0]


@pytest.mark.parametrize("number", STEPS[COMMIT + 1 :])
def test_a_failure_to_clear_up_after_the_commit_fails_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    machine.install(VERSION_2, step=stop_at(number, fill_disk))

    assert machine.tree == before_and_after[1]
    assert not {"transaction.json", "backup"} & {path.name for path in machine.state.iterdir()}


@pytest.mark.parametrize("number", STEPS[: COMMIT + 1])
def test_a_full_disk_at_any_step_up_to_the_commit_changes_nothing(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)

    with pytest.raises(InstallFailed, match="No space left"):
        machine.install(VERSION_2, step=stop_at(number, fill_disk))

    assert machine.tree == before_and_after[0]


@pytest.mark.parametrize("number", STEPS[:COMMIT:5])
def test_an_install_that_was_put_back_succeeds_when_repeated(
    tmp_path: Path, before_and_after: tuple[Node, Node], number: int
) -> None:
    machine = with_version_1(tmp_path)
    with pytest.raises(InstallFailed):
        machine.install(VERSION_2, step=stop_at(number, fill_disk))

    machine.install(VERSION_2)

    assert machine.tree == before_and_after[1]


def test_an_install_is_taken_back_where_a_link_to_itself_was(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.install(directory(a=Link("a"), z=directory(f=File())))
    before = machine.tree

    with pytest.raises(InstallFailed, match="everything was put back"):
        machine.install(directory(a=directory(f=File()), z=Link("z")), step=stop_at(4, fill_disk))

    assert machine.tree == before


NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.builds(
    File, st.sampled_from(["", "x", "y"]), st.sampled_from([0o644, 0o755, 0o600])
) | st.builds(Link, st.sampled_from(["a", "b/c", "."]))
MODES = st.sampled_from([0o755, 0o700])


def trees(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Directory]:
    nodes = st.recursive(
        leaves,
        lambda inner: st.builds(Directory, MODES, st.dictionaries(NAMES, inner, max_size=3)),
        max_leaves=8,
    )
    return st.builds(Directory, st.just(0o755), st.dictionaries(NAMES, nodes, max_size=3))


def overlaid(base: Directory, over: Directory) -> Directory | None:
    """What a host with `base` is to look like with `over` installed; None if they cannot meet."""
    merged: dict[str, Node] = dict(base.children)
    for name, node in over.children.items():
        there = merged.get(name)
        if isinstance(there, Directory) and isinstance(node, Directory):
            inner = overlaid(there, node)
            if inner is None:
                return None
            merged[name] = inner
        elif isinstance(there, Directory) or (there is not None and isinstance(node, Directory)):
            return None
        else:
            merged[name] = node
    return Directory(base.mode, merged)


@settings(max_examples=60, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=trees(LEAVES),
    second=trees(LEAVES),
)
def test_each_install_shows_the_host_overlaid_with_just_that_revision(
    base: Directory, first: Directory, second: Directory
) -> None:
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place), directory(app=base))
        expected: Node = base

        for revision in (first, second, first):
            overlay = overlaid(base, revision)
            if overlay is None:
                with pytest.raises(InstallFailed):
                    machine.install(revision, behavior=OVERWRITE)
            else:
                machine.install(revision, behavior=OVERWRITE)
                expected = overlay

            assert machine.app == expected


@settings(max_examples=60, deadline=None)
@given(
    base=trees(st.builds(File, st.just("theirs"))),
    first=trees(LEAVES),
    second=trees(LEAVES),
    number=st.integers(0, 30),
)
def test_whatever_the_trees_a_killed_install_leaves_the_old_one_or_the_new(
    base: Directory, first: Directory, second: Directory, number: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place), directory(app=base))
        with contextlib.suppress(InstallFailed):
            machine.install(first, behavior=OVERWRITE)
        before = machine.app

        with contextlib.suppress(InstallFailed, Killed):
            machine.install(second, behavior=OVERWRITE, step=stop_at(number, kill))
        machine.installer().recover()

        assert machine.app in (before, overlaid(base, second))


def test_backups_on_another_file_system_keep_every_attribute(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system at /dev/shm")
        before = directory(app=directory(f=File("theirs", 0o640), g=Link("f")))
        machine = Machine(tmp_path, before)
        machine.state = Path(elsewhere) / "state"

        machine.install(directory(f=File("1"), g=File("1")), behavior=OVERWRITE)
        machine.install(directory())

        assert machine.tree == before
        assert (machine.root / "app/f").stat().st_mtime == OLD
