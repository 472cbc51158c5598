from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.members import problem_of

INSIDE = ["a", "a/b", "./a", ".", "a/../b", "a/./b", "..a", "a/..b", "a/", "a b", "...", "*"]
OUTSIDE = ["..", "../a", "a/../..", "a/../../b", "./../a", "/", "/etc/passwd", "//etc", "../"]


@pytest.mark.parametrize("name", INSIDE)
def test_a_member_inside_is_welcome(name: str) -> None:
    assert problem_of(name) == ""


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_member_that_leaves_the_directory_is_refused_by_name(name: str) -> None:
    assert problem_of(name) == f"member {name!r} leaves the directory it is unpacked into"


LINKS = {
    "beside it": ("current", "v2", True),
    "below it": ("current", "releases/v2", True),
    "up, but not out": ("bin/start", "../lib/start", True),
    "to the top": ("bin/top", "..", True),
    "up and out": ("bin/start", "../../start", False),
    "out at once": ("start", "../start", False),
    "absolute": ("start", "/bin/sh", False),
    "out after a detour": ("a/b", "c/../../../d", False),
}


@pytest.mark.parametrize(("name", "target", "is_fine"), LINKS.values(), ids=LINKS)
def test_where_a_symbolic_link_may_point(name: str, target: str, is_fine: bool) -> None:
    assert (problem_of(name, link_target=target) == "") == is_fine


HARD_LINKS = {
    "another member": ("bin/a", "bin/b", True),
    "a member above": ("bin/a", "b", True),
    "out": ("bin/a", "../b", False),
    "absolute": ("bin/a", "/etc/shadow", False),
}


@pytest.mark.parametrize(("name", "target", "is_fine"), HARD_LINKS.values(), ids=HARD_LINKS)
def test_a_hard_link_counts_from_the_root_of_the_archive(
    name: str, target: str, is_fine: bool
) -> None:
    assert (problem_of(name, link_target=target, is_hard_link=True) == "") == is_fine


def test_a_link_that_leaves_is_named_with_its_target() -> None:
    problem = problem_of("bin/sh", link_target="/bin/sh")

    assert problem == "link 'bin/sh' points outside of the archive, to '/bin/sh'"


def test_a_link_whose_own_name_leaves_is_refused_wherever_it_points() -> None:
    assert "'../a' leaves" in problem_of("../a", link_target="b")


PARTS = st.lists(st.sampled_from(["a", "b", ".", ".."]), min_size=1, max_size=8)


def climbs_out(parts: list[str]) -> bool:
    """Whether a walk along `parts` ever stands above where it began."""
    steps = ({"..": -1, ".": 0}.get(part, 1) for part in parts)
    return min(accumulate(steps)) < 0


@given(PARTS)
def test_a_member_is_refused_if_its_path_ever_climbs_out(parts: list[str]) -> None:
    assert bool(problem_of("/".join(parts))) == climbs_out(parts)


@given(directory=st.lists(st.sampled_from("ab"), max_size=3), target=PARTS)
def test_a_link_is_refused_if_following_it_ever_climbs_out(
    directory: list[str], target: list[str]
) -> None:
    name = "/".join([*directory, "link"])

    assert bool(problem_of(name, link_target="/".join(target))) == climbs_out([*directory, *target])
