import pytest
from hypothesis import given

from codedeploy.deployment_group import TagFilter, TagFilterType
from codedeploy.ec2_filters import Question, questions
from tests.codedeploy.tag_matching import FILTER_LISTS, TAGS, admits, means

ROLE = TagFilter(key="role", value="web")
ZONE = TagFilter(key="zone", value="a")


def role(value: str) -> TagFilter:
    return TagFilter(key="role", value=value)


def key_only(key: str) -> TagFilter:
    return TagFilter(key=key, type=TagFilterType.KEY_ONLY)


def value_only(value: str) -> TagFilter:
    return TagFilter(value=value, type=TagFilterType.VALUE_ONLY)


EVERYTHING: Question = {}
CASES: dict[str, tuple[list[list[TagFilter]], list[Question]]] = {
    "a key and a value": ([[ROLE]], [{"tag:role": ("web",)}]),
    "a star": ([[role("w*b")]], [{"tag:role": ("w*b",)}]),
    "a key": ([[key_only("role")]], [{"tag-key": ("role",)}]),
    "a value": ([[value_only("web")]], [EVERYTHING]),
    "values of one key": ([[ROLE, role("db")]], [{"tag:role": ("web", "db")}]),
    "the same twice": ([[ROLE, ROLE]], [{"tag:role": ("web",)}]),
    "several keys alone": ([[key_only("role"), key_only("zone")]], [{"tag-key": ("role", "zone")}]),
    "one thing or another": ([[ROLE, ZONE]], [{"tag:role": ("web",)}, {"tag:zone": ("a",)}]),
    "a thing or any key's value": ([[ROLE, value_only("a")]], [EVERYTHING]),
    "one list and another": ([[ROLE], [ZONE]], [{"tag:role": ("web",), "tag:zone": ("a",)}]),
    "the list that asks less": ([[ROLE, key_only("a"), ZONE], [ROLE]], [{"tag:role": ("web",)}]),
    "the list that takes one question": (
        [[ROLE, ZONE], [key_only("Name"), key_only("x")]],
        [{"tag-key": ("Name", "x")}],
    ),
    "two lists about one key": ([[ROLE], [role("w*")]], [{"tag:role": ("web",)}]),
    "a list that EC2 cannot be asked for": ([[value_only("a")], [ROLE]], [{"tag:role": ("web",)}]),
    "special in a value": ([[role("a?[\\*")]], [{"tag:role": ("a???*",)}]),
    "special in a key": ([[TagFilter(key="a*", value="x")]], [{"tag-key": ("a*",)}]),
    "an empty value": ([[role("")]], [{"tag-key": ("role",)}]),
    "an empty key": ([[TagFilter(value="web"), key_only("")]], []),
    "no list": ([], []),
    "an empty list": ([[ROLE], []], []),
    "an empty list and a value": ([[value_only("a")], []], []),
}


@pytest.mark.parametrize(("lists", "expected"), CASES.values(), ids=CASES)
def test_what_ec2_is_asked(lists: list[list[TagFilter]], expected: list[Question]) -> None:
    assert list(questions(tuple(map(tuple, lists)))) == expected


@given(lists=FILTER_LISTS, tags=TAGS)
def test_ec2_tells_of_every_instance_that_is_meant(
    lists: list[list[TagFilter]], tags: dict[str, str]
) -> None:
    asked = questions(tuple(map(tuple, lists)))

    if means(lists, tags):
        assert any(admits(question, tags) for question in asked)


@given(lists=FILTER_LISTS)
def test_no_list_is_asked_for_in_more_questions_than_it_has_filters(
    lists: list[list[TagFilter]],
) -> None:
    asked = questions(tuple(map(tuple, lists)))

    # A list with a filter by value alone cannot be asked for: that is one question, for everybody.
    costs = [max(len(one), 1) for one in lists if all(f.type != "VALUE_ONLY" for f in one)]
    assert len(asked) <= min(costs, default=1)
