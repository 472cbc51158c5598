"""Where the files of a revision go, and what is in their way."""

import pytest

from codedeploy.appspec import FileExistsBehavior, Permission
from codedeploy.installation import Entry, Kind, MakeDirectory, Place
from tests.codedeploy.installs import (
    DIRECTORY,
    FILE,
    LINK,
    LISTING,
    SCRIPT,
    MemoryHost,
    appspec,
    planned,
)


def test_a_file_goes_below_its_destination() -> None:
    plan = planned({"conf": DIRECTORY, "conf/a.ini": FILE}, appspec(("conf/a.ini", "/srv/etc")))

    assert plan.operations == (
        MakeDirectory("/srv/etc", DIRECTORY),
        Place("/srv/etc/a.ini", "conf/a.ini", FILE, is_unseen=True),
    )
    assert set(plan.owned) == {"/srv/etc", "/srv/etc/a.ini"}


def test_a_directorys_content_goes_into_its_destination() -> None:
    listing = {"bin": DIRECTORY, "bin/run": SCRIPT, "bin2": DIRECTORY, "bin2/no": FILE}

    plan = planned(listing, appspec(("/bin", "/srv/app/")))

    assert [operation.path for operation in plan.operations] == ["/srv/app", "/srv/app/run"]


def test_a_slash_is_the_whole_revision() -> None:
    plan = planned({"d": DIRECTORY, "d/f": FILE, "l": LINK}, appspec(("/", "/srv/app")))

    assert list(plan.owned) == ["/srv/app", "/srv/app/d", "/srv/app/d/f", "/srv/app/l"]


def test_directories_of_the_host_are_neither_made_nor_owned() -> None:
    host = MemoryHost({"/srv/app": Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host)

    assert plan.operations == (Place("/srv/app/f", "f", FILE),)
    assert set(plan.owned) == {"/srv/app/f"}


def test_a_hosts_link_to_a_directory_counts_as_that_directory() -> None:
    host = MemoryHost({"/srv/app": Kind.SYMLINK}, behind_links={"/srv/app": Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host)

    assert plan.operations == (Place("/srv/app/f", "f", FILE),)


@pytest.mark.parametrize(
    ("link", "destination"),
    [
        pytest.param("/srv/app", "/srv/app", id="at"),
        pytest.param("/srv/app", "/srv/app/conf", id="above"),
    ],
)
def test_a_link_that_leads_to_a_destination_is_followed_and_remembered(
    link: str, destination: str
) -> None:
    host = MemoryHost({link: Kind.SYMLINK}, behind_links={link: Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", destination)), host=host)

    assert (plan.problems, plan.followed) == ((), [link])


@pytest.mark.parametrize("behavior", FileExistsBehavior)
def test_a_link_below_a_destination_is_a_problem(behavior: FileExistsBehavior) -> None:
    host = MemoryHost(
        {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE}, behind_links={"/srv/d": Kind.DIRECTORY}
    )
    listing = {"d": DIRECTORY, "d/f": FILE}

    plan = planned(listing, appspec(("/", "/srv"), behavior=behavior), host=host)

    assert [problem.split(";")[0] for problem in plan.problems] == [
        "/srv/d has to be a directory but is a link on this host, and no link below a "
        "destination is followed"
    ]


def test_a_link_below_one_destination_and_at_another_is_followed() -> None:
    host = MemoryHost({"/srv/d": Kind.SYMLINK}, behind_links={"/srv/d": Kind.DIRECTORY})
    listing = {"d": DIRECTORY, "d/f": FILE, "g": FILE}

    plan = planned(listing, appspec(("/", "/srv"), ("g", "/srv/d")), host=host)

    assert plan.problems == ()


def test_a_missing_source_is_a_problem_that_shows_what_is_there() -> None:
    listing = {"conf": DIRECTORY, "conf/app.yaml": FILE}

    plan = planned(listing, appspec(("conf/app.yml", "/srv")))

    assert plan.problems == (
        "files: source 'conf/app.yml' is not in the revision; conf holds app.yaml. "
        "Correct the AppSpec or add the file.",
    )


def test_a_destination_written_twice_is_a_problem() -> None:
    listing = {"a": DIRECTORY, "a/f": FILE, "f": FILE}

    plan = planned(listing, appspec(("a/f", "/srv"), ("f", "/srv")))

    assert [problem.split(";")[0] for problem in plan.problems] == [
        "/srv/f would be written twice, from 'a/f' and from 'f'"
    ]


def test_what_goes_to_its_destination_twice_goes_there_once() -> None:
    once = planned(LISTING, appspec(("/", "/srv")))

    assert planned(LISTING, appspec(("/", "/srv"), ("bin", "/srv/bin"))) == once


@pytest.mark.parametrize(
    "files",
    [
        pytest.param((("f", "/srv"), ("g", "/srv/f")), id="file first"),
        pytest.param((("g", "/srv/f"), ("f", "/srv")), id="directory first"),
    ],
)
def test_a_destination_below_a_file_is_a_problem(files: tuple[tuple[str, str], ...]) -> None:
    plan = planned({"f": FILE, "g": FILE}, appspec(*files))

    assert len(plan.problems) == 1
    assert plan.problems[0].startswith("/srv/f would be both a copy of 'f' and a directory")


def test_what_cannot_be_copied_is_a_problem() -> None:
    plan = planned({"agent.sock": Entry(Kind.OTHER)}, appspec(("/", "/srv/app")))

    assert plan.problems[0].startswith("'agent.sock' of the revision is a device, socket or pipe")


def test_directories_merge_at_one_destination() -> None:
    listing = {"a": DIRECTORY, "a/x": FILE, "b": DIRECTORY, "b/y": FILE}

    plan = planned(listing, appspec(("a", "/srv/app"), ("b", "/srv/app")))

    assert [operation.path for operation in plan.operations] == [
        "/srv/app",
        "/srv/app/x",
        "/srv/app/y",
    ]


def test_all_problems_are_found_at_once() -> None:
    host = MemoryHost({"/srv/f": Kind.FILE})
    permission = Permission(object="/srv", owner="nobody-here")
    spec = appspec(("f", "/srv"), ("gone", "/srv"), permissions=(permission,))

    plan = planned({"f": FILE}, spec, host=host)

    assert [problem.split(" ")[0] for problem in plan.problems] == [
        "files:",
        "/srv/f",
        "permissions",
    ]
