"""Two deployment groups on one host, and the files that both want."""

import contextlib
from pathlib import Path

import pytest

from agent.installer import InstallFailed
from codedeploy.appspec import FileExistsBehavior
from tests.agent.machine import OVERWRITE, Killed, Machine, kill, stop_at
from tests.agent.trees import Directory, File, Node, directory

RETAIN = FileExistsBehavior.RETAIN
NOTHING = directory()


def revision(content: str) -> Directory:
    return directory(f=File(content))


@pytest.fixture
def web(tmp_path: Path) -> Machine:
    web = Machine(tmp_path)
    web.install(revision("web 1"))
    return web


@pytest.fixture
def api(web: Machine) -> Machine:
    return web.beside("api")


def test_a_file_of_another_group_is_in_the_way_and_it_is_said_whose(
    web: Machine, api: Machine
) -> None:
    with pytest.raises(InstallFailed, match=r"/app/f .* belongs to deployment group shop/web;"):
        api.install(revision("api 1"))

    assert web.app == revision("web 1")


def test_a_retained_file_of_another_group_goes_with_that_group(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=RETAIN)
    api.install(NOTHING)
    assert web.app == revision("web 1")

    web.install(NOTHING)

    assert web.app == NOTHING


def test_an_overwritten_file_of_another_group_is_taken_over(web: Machine, api: Machine) -> None:
    warnings = api.install(revision("api 1"), behavior=OVERWRITE)

    assert warnings == ("/app/f was taken over from deployment group shop/web.",)
    assert web.install(NOTHING) == ()
    assert web.app == revision("api 1")


def test_its_former_owner_finds_it_in_the_way(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=OVERWRITE)

    with pytest.raises(InstallFailed, match="belongs to deployment group shop/api;"):
        web.install(revision("web 2"))

    assert web.app == revision("api 1")


def test_nothing_of_its_former_owner_comes_back(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=OVERWRITE)

    api.install(NOTHING)

    assert web.app == NOTHING


def test_its_former_owner_can_take_it_back(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=OVERWRITE)
    web.install(revision("web 2"), behavior=OVERWRITE)

    api.install(NOTHING)
    assert web.app == revision("web 2")
    web.install(NOTHING)

    assert web.app == NOTHING


def test_the_same_content_is_taken_over_as_well(web: Machine, api: Machine) -> None:
    api.install(revision("web 1"), behavior=OVERWRITE)

    web.install(NOTHING)

    assert web.app == revision("web 1")


def test_a_third_group_takes_over_from_the_second(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=OVERWRITE)
    jobs = web.beside("jobs")
    assert "group shop/api" in jobs.install(revision("jobs 1"), behavior=OVERWRITE)[0]

    for former in (web, api):
        former.install(NOTHING)

    assert web.app == revision("jobs 1")


def test_what_was_taken_over_is_still_known_after_more_installs(web: Machine, api: Machine) -> None:
    api.install(revision("api 1"), behavior=OVERWRITE)
    api.install(revision("api 2"))

    web.install(NOTHING)

    assert web.app == revision("api 2")


def test_a_path_that_its_owner_has_lost_is_free(web: Machine, api: Machine) -> None:
    (web.root / "app/f").unlink()
    assert api.install(revision("api 1")) == ()

    web.install(NOTHING)

    assert web.app == revision("api 1")


def test_a_directory_that_its_owner_has_lost_is_free(web: Machine, api: Machine) -> None:
    web.install(directory(d=NOTHING))
    (web.root / "app/d").rmdir()
    api.install(directory(d=NOTHING))

    web.install(NOTHING)

    assert web.app == directory(d=NOTHING)


def test_what_stood_there_first_comes_back_although_a_directory_stood_there_meanwhile(
    tmp_path: Path,
) -> None:
    web = Machine(tmp_path, directory(app=revision("first")))
    web.install(revision("web 1"), behavior=OVERWRITE)
    (web.root / "app/f").unlink()
    api = web.beside("api")
    api.install(directory(f=NOTHING))
    api.install(revision("api 1"))

    api.install(NOTHING)

    assert api.app == revision("first")


def test_a_file_that_somebody_changed_is_nobodys_and_comes_back(web: Machine, api: Machine) -> None:
    (web.root / "app/f").write_text("mine")
    assert api.install(revision("api 1"), behavior=OVERWRITE) == ()
    web.install(NOTHING)
    assert web.app == revision("api 1")

    api.install(NOTHING)

    assert web.app == revision("mine")


def test_another_group_may_have_what_its_owner_has_left_to_somebody(
    web: Machine, api: Machine
) -> None:
    (web.root / "app/f").write_text("mine")
    web.install(NOTHING)

    with pytest.raises(InstallFailed, match="was not put there by this deployment group;"):
        api.install(revision("api 1"))
    (web.root / "app/f").unlink()
    api.install(revision("api 1"))

    with pytest.raises(InstallFailed, match="belongs to deployment group shop/api;"):
        web.install(revision("web 1"))


class TestAFileThatWasThereFirst:
    @pytest.fixture
    def web(self, tmp_path: Path) -> Machine:
        web = Machine(tmp_path, directory(app=revision("first")))
        web.install(revision("web 1"), behavior=OVERWRITE)
        return web

    def test_comes_back_when_the_group_goes_that_has_taken_over(
        self, web: Machine, api: Machine
    ) -> None:
        api.install(revision("api 1"), behavior=OVERWRITE)
        web.install(NOTHING)
        assert web.app == revision("api 1")

        api.install(NOTHING)

        assert web.app == revision("first")

    def test_is_nobodys_once_it_is_back(self, web: Machine, api: Machine) -> None:
        api.install(revision("api 1"), behavior=OVERWRITE)
        api.install(NOTHING)
        (web.root / "app/f").write_text("first, and changed")

        web.install(NOTHING)

        assert web.app == revision("first, and changed")

    def test_comes_back_when_its_path_was_taken_back(self, web: Machine, api: Machine) -> None:
        api.install(revision("api 1"), behavior=OVERWRITE)
        web.install(revision("web 2"), behavior=OVERWRITE)
        api.install(NOTHING)

        web.install(NOTHING)

        assert web.app == revision("first")

    def test_comes_back_from_a_path_that_was_lost(self, web: Machine, api: Machine) -> None:
        (web.root / "app/f").unlink()
        api.install(revision("api 1"))

        api.install(NOTHING)

        assert web.app == revision("first")

    def test_waits_while_another_group_has_a_directory_in_its_place(
        self, web: Machine, api: Machine
    ) -> None:
        (web.root / "app/f").unlink()
        api.install(directory(f=NOTHING))
        web.install(NOTHING)
        api.install(NOTHING)
        assert web.app == NOTHING

        web.install(NOTHING)

        assert web.app == revision("first")

    def test_is_kept_as_often_as_once(self, web: Machine, api: Machine) -> None:
        api.install(revision("api 1"), behavior=OVERWRITE)
        web.install(NOTHING)
        api.install(NOTHING)

        for group in (web, api):
            assert [path.name for path in group.state.iterdir()] == ["ownership.json"]

    @pytest.mark.parametrize("number", range(9))
    def test_survives_a_takeover_that_is_killed(
        self, web: Machine, api: Machine, number: int
    ) -> None:
        with contextlib.suppress(Killed):
            api.install(revision("api 1"), behavior=OVERWRITE, step=stop_at(number, kill))
        api.installer().recover()
        assert web.app in (revision("web 1"), revision("api 1"))

        for group in (web, api):
            group.install(NOTHING)

        assert web.app == revision("first")


def test_a_damaged_record_of_another_group_stops_the_install(web: Machine, api: Machine) -> None:
    (web.state / "ownership.json").write_text("{")

    with pytest.raises(InstallFailed, match="Nothing was changed; a record"):
        api.install(directory(g=File("1")))

    assert web.app == revision("web 1")


def test_groups_below_other_destination_roots_are_strangers(web: Machine, api: Machine) -> None:
    elsewhere: Node = directory(app=revision("theirs"))
    api.root = Machine(web.root.parent / "other", elsewhere).root

    with pytest.raises(InstallFailed, match="was not put there by this deployment group;"):
        api.install(revision("api 1"))
