from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.members import UnsafeMember, check_length, check_top, link_target, plain_name

INSIDE = {"a": "a", "a/b": "a/b", "./a": "a", ".": "", "a/./b": "a/b", "a//b/": "a/b", "..a": "..a"}
OUTSIDE = ["..", "../a", "a/../..", "a/../b", "./../a", "/", "/etc/passwd", "//etc", "../", "a\0b"]


@pytest.mark.parametrize(("name", "plain"), INSIDE.items())
def test_a_member_inside_is_welcome_by_its_plain_name(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_member_that_leaves_the_directory_or_climbs_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsafeMember) as caught:
        plain_name(name)

    assert repr(name) in caught.value.reason


LINKS = {
    "beside it": ("current", "v2", "v2"),
    "below it": ("current", "releases/v2", "releases/v2"),
    "up, but not out": ("bin/start", "../lib/start", "lib/start"),
    "to the top": ("bin/top", "..", ""),
}


@pytest.mark.parametrize(("name", "target", "resolved"), LINKS.values(), ids=LINKS)
def test_a_link_inside_leads_somewhere(name: str, target: str, resolved: str) -> None:
    assert link_target(name, target) == resolved


LINKS_OUT = {
    "up and out": ("bin/start", "../../start"),
    "out at once": ("start", "../start"),
    "absolute": ("start", "/bin/sh"),
    "out after a detour": ("a/b", "c/../../../d"),
    "inside, but through what may be another link": ("a/b", "c/../d"),
    "nowhere": ("a", ""),
}


@pytest.mark.parametrize(("name", "target"), LINKS_OUT.values(), ids=LINKS_OUT)
def test_a_link_that_leaves_or_could_is_refused_with_its_target(name: str, target: str) -> None:
    with pytest.raises(UnsafeMember, match="which leaves the bundle's directory") as caught:
        link_target(name, target)

    assert repr(target) in caught.value.reason


def test_a_link_out_of_the_directory_that_is_left_out_is_named() -> None:
    with pytest.raises(UnsafeMember, match="which leaves the revision's directory") as caught:
        check_top("top", {"top/fine": "top/a", "top/out": "other"})

    assert caught.value.member == "top/out"


def test_where_nothing_is_left_out_every_link_inside_is_welcome() -> None:
    check_top("", {"a": "b"})


def test_a_name_is_measured_in_bytes() -> None:
    check_length("ä" * 512, "has a name")

    with pytest.raises(UnsafeMember, match="has a name of over 1024 bytes"):
        check_length("ä" * 513, "has a name")


PARTS = st.lists(st.sampled_from(["a", "b", ".", ".."]), min_size=1, max_size=8)


def climbs_out(parts: list[str]) -> bool:
    """Whether a walk along `parts` ever stands above where it began."""
    steps = ({"..": -1, ".": 0}.get(part, 1) for part in parts)
    return min(accumulate(steps)) < 0


@given(PARTS)
def test_no_plain_name_climbs(parts: list[str]) -> None:
    try:
        plain = plain_name("/".join(parts))
    except UnsafeMember:
        assert ".." in parts
    else:
        assert not {"..", ".", ""} & set(plain.split("/")) or plain == ""


@given(directory=st.lists(st.sampled_from("ab"), max_size=3), target=PARTS)
def test_a_link_that_climbs_out_is_always_refused(directory: list[str], target: list[str]) -> None:
    name = "/".join([*directory, "link"])
    if climbs_out([*directory, *target]):
        with pytest.raises(UnsafeMember):
            link_target(name, "/".join(target))
