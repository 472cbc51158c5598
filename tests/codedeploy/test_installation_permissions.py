"""Whom the permissions of an AppSpec file fit, and what they give."""

import pytest

from codedeploy.appspec import FileExistsBehavior, Permission, SelinuxContext
from codedeploy.installation import Access, Kind, MakeDirectory, Owned, Place
from tests.codedeploy.installs import (
    DIRECTORY,
    FILE,
    LISTING,
    OWNED_DIRECTORY,
    MemoryHost,
    appspec,
    planned,
)


def granted(permission: Permission) -> dict[str, Access]:
    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=(permission,)))
    assert plan.problems == ()
    changed = [each for each in plan.operations if isinstance(each, MakeDirectory | Place)]
    return {each.path[9:]: each.access for each in changed if each.access != Access()}


@pytest.mark.parametrize(
    ("pattern", "excepts", "expected"),
    [
        pytest.param(
            "**", (), {"bin", "bin/run.sh", "bin/lib", "bin/lib/x.sh", "top.sh"}, id="everything"
        ),
        pytest.param("*.sh", (), {"top.sh"}, id="direct children"),
        pytest.param("**/*.sh", (), {"bin/run.sh", "bin/lib/x.sh", "top.sh"}, id="any depth"),
        pytest.param("bin/*", (), {"bin/run.sh", "bin/lib"}, id="one directory"),
        pytest.param("**", ("bin/**", "top.*"), {"bin"}, id="exceptions"),
    ],
)
def test_a_pattern_names_what_a_permission_fits(
    pattern: str, excepts: tuple[str, ...], expected: set[str]
) -> None:
    permission = Permission(object="/srv/app", pattern=pattern, excepts=excepts, mode="750")

    assert granted(permission) == dict.fromkeys(expected, Access(mode=0o750))


def test_a_type_narrows_what_a_permission_fits() -> None:
    permission = Permission(object="/srv//app/./", types=("directory",), owner="www")

    assert granted(permission) == dict.fromkeys(["bin", "bin/lib"], Access(owner="www"))


def test_a_permission_for_one_file_fits_that_file() -> None:
    permission = Permission(object="/srv/app/top.sh", mode="4755", types=("file",))

    assert granted(permission) == {"top.sh": Access(mode=0o4755)}


def test_default_acls_go_to_directories_only() -> None:
    permission = Permission(object="/srv/app/bin", acls=("u:www:rw", "d:u:www:rw"))

    assert granted(permission) == {
        "bin/run.sh": Access(acls=("u:www:rw",)),
        "bin/lib": Access(acls=("u:www:rw", "d:u:www:rw")),
        "bin/lib/x.sh": Access(acls=("u:www:rw",)),
    }


def test_a_directory_that_was_given_a_context_is_remembered() -> None:
    permission = Permission(object="/srv", context=SelinuxContext(type="etc_t"))
    spec = appspec(("f", "/srv/app"), permissions=(permission,))

    plan = planned({"f": FILE}, spec)

    assert plan.owned["/srv/app"] == Owned(Kind.DIRECTORY, is_labelled=True)


def test_a_directory_loses_its_context_with_the_revision_that_gave_it() -> None:
    host = MemoryHost({"/srv/app": Kind.DIRECTORY})
    owned = {"/srv/app": Owned(Kind.DIRECTORY, is_labelled=True)}

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host, owned=owned)

    assert plan.operations[0] == MakeDirectory("/srv/app", DIRECTORY, exists=True, is_labelled=True)
    assert plan.owned["/srv/app"] == OWNED_DIRECTORY


def test_a_permission_that_fits_nothing_is_a_warning() -> None:
    spec = appspec(("/", "/srv/app"), permissions=(Permission(object="/srv/other", mode="700"),))

    plan = planned(LISTING, spec)

    assert len(plan.warnings) == 1
    assert plan.problems == ()


def test_a_retained_file_gets_no_permission() -> None:
    host = MemoryHost({"/srv/top.sh": Kind.FILE})
    spec = appspec(
        ("top.sh", "/srv"),
        behavior=FileExistsBehavior.RETAIN,
        permissions=(Permission(object="/srv", mode="700"),),
    )

    plan = planned(LISTING, spec, host=host)

    assert plan.operations == ()


@pytest.mark.parametrize(
    "permission",
    [
        pytest.param(Permission(object="/srv/app/top.sh", pattern="*"), id="pattern"),
        pytest.param(Permission(object="/srv/app/top.sh", excepts=("x",)), id="except"),
        pytest.param(Permission(object="/srv/app/top.sh", types=("directory",)), id="type"),
        pytest.param(Permission(object="/srv/app/top.sh", acls=("d:u:www:r",)), id="default acl"),
    ],
)
def test_a_file_takes_no_permission_made_for_directories(permission: Permission) -> None:
    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=(permission,)))

    assert plan.problems[0].startswith("permissions for /srv/app/top.sh: this object is a file")


def test_two_permissions_for_one_object_that_fit_the_same_file_are_a_problem() -> None:
    twice = (Permission(object="/srv/app", types=("file",)), Permission(object="/srv/app/"))

    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=twice))

    (problem,) = plan.problems
    assert problem.startswith("permissions for /srv/app/: given twice, and both fit /srv/app/")


def test_two_permissions_for_one_object_may_part_files_from_directories() -> None:
    parted = (
        Permission(object="/srv/app", types=("file",), mode="644"),
        Permission(object="/srv/app", types=("directory",), mode="755"),
    )

    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=parted))

    assert plan.problems == ()
