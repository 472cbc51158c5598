"""Fleets that are named on the command line, and what comes of names that cannot be."""

import pytest

from codedeploy.errors import InvalidTargetInstances
from codedeploy.target_instances import TargetInstances
from starter.commands.replacement import target_instances


def named(*tags: str, groups: tuple[str, ...] = ()) -> TargetInstances:
    found = target_instances(tags, groups)
    assert found is not None
    return found


@pytest.mark.parametrize("nothing", [None, ()], ids=["left out", "empty"])
def test_who_names_nothing_names_no_fleet(nothing: tuple[str, ...] | None) -> None:
    assert target_instances(nothing, nothing) is None


TAGS = {
    "key and value": ("fleet=green", ("fleet", "green", "KEY_AND_VALUE")),
    "a key for any value": ("fleet", ("fleet", "", "KEY_ONLY")),
    "a key for an empty value": ("fleet=", ("fleet", "", "KEY_AND_VALUE")),
    "a value with an equals sign": ("q=a=b", ("q", "a=b", "KEY_AND_VALUE")),
    "a wildcard": ("fleet=gr*", ("fleet", "gr*", "KEY_AND_VALUE")),
}


@pytest.mark.parametrize(("typed", "expected"), TAGS.values(), ids=TAGS)
def test_what_a_tag_means(typed: str, expected: tuple[str, str, str]) -> None:
    (found,) = named(typed).tag_filters

    assert (found.key, found.value, found.type.value) == expected


def test_several_tags_keep_their_order() -> None:
    assert [one.value for one in named("fleet=a", "fleet=b").tag_filters] == ["a", "b"]


def test_scaling_groups_are_taken_by_name() -> None:
    assert named(groups=("green", "blue")).auto_scaling_groups == ("green", "blue")


def test_tags_and_scaling_groups_name_one_fleet_together() -> None:
    found = named("fleet=a", groups=("green",))

    assert (len(found.tag_filters), found.auto_scaling_groups) == (1, ("green",))


@pytest.mark.parametrize("typed", ["", "=green", "="])
def test_a_tag_without_a_key_is_refused_as_it_was_typed(typed: str) -> None:
    with pytest.raises(InvalidTargetInstances) as refused:
        target_instances([typed], None)

    assert f"found {typed!r}" in refused.value.message


@pytest.mark.parametrize("typed", [f"{'k' * 129}=green", f"fleet={'v' * 257}"])
def test_a_tag_that_no_instance_can_have_is_refused(typed: str) -> None:
    with pytest.raises(InvalidTargetInstances, match="at most 128 characters"):
        target_instances([typed], None)
