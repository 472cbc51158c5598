"""What an install leaves on a host."""

import os
import tempfile
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior, ServerAppSpec
from tests.agent.machine import EVERYTHING, OVERWRITE, STATE, Machine
from tests.agent.trees import OLD, Directory, File, Link, directory


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


@pytest.mark.parametrize("record", ["{", "[]", "{}", '{"paths": []}'])
def test_a_damaged_record_stops_the_install_before_anything_is_touched(
    machine: Machine, record: str
) -> None:
    machine.install(directory(f=File("1")))
    (machine.state / "ownership.json").write_text(record)

    with pytest.raises(InstallFailed, match="Nothing was changed; a record"):
        machine.install(directory(f=File("2")))

    assert machine.app == directory(f=File("1"))


def test_names_that_are_not_text_are_installed_and_removed(machine: Machine) -> None:
    name = os.fsdecode(b"caf\xe9 \n")

    machine.install(Directory(children={name: File("1")}))
    machine.install(directory())

    assert machine.tree == directory(app=directory())


def test_backups_on_another_file_system_keep_every_attribute(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system at /dev/shm")
        before = directory(app=directory(f=File("theirs", 0o640), g=Link("f")))
        machine = Machine(tmp_path, before)
        machine.state = Path(elsewhere) / STATE

        machine.install(directory(f=File("1"), g=File("1")), behavior=OVERWRITE)
        machine.install(directory())

        assert machine.tree == before
        assert (machine.root / "app/f").stat().st_mtime == OLD
