import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.deployment_group import (
    DeploymentGroup,
    EC2TagSet,
    OnPremisesTagSet,
    TagFilter,
    TagFilterType,
)
from codedeploy.instance import Tag
from codedeploy.instances import (
    HealthClass,
    Host,
    InstanceHealth,
    health_class,
    is_ec2_id,
    is_member,
    matches,
)
from tests.codedeploy.fleets import CURRENT, NOW_INSTALLED, OLD, UNHEALTHY, UNKNOWN
from tests.codedeploy.tag_matching import FILTER_LISTS, TAGS, means


def host(**tags: str) -> Host:
    return Host(name="web-1", tags=tuple(Tag(key=key, value=value) for key, value in tags.items()))


def role(value: str) -> TagFilter:
    return TagFilter(key="role", value=value)


def zone(value: str) -> TagFilter:
    return TagFilter(key="zone", value=value)


def key_only(key: str) -> TagFilter:
    return TagFilter(key=key, type=TagFilterType.KEY_ONLY)


def value_only(value: str) -> TagFilter:
    return TagFilter(value=value, type=TagFilterType.VALUE_ONLY)


WEB = host(role="web", zone="a")
FILTERS = {
    "key and value": (role("web"), True),
    "the value of another key": (role("a"), False),
    "another value": (role("db"), False),
    "a key in another case": (TagFilter(key="Role", value="web"), False),
    "a value in another case": (role("Web"), False),
    "the beginning of a value": (role("we"), False),
    "an empty value": (role(""), False),
    "key only": (key_only("role"), True),
    "another key only": (key_only("team"), False),
    "value only, of any key": (value_only("a"), True),
    "another value only": (value_only("b"), False),
    "a star for the end": (role("w*"), True),
    "a star for the beginning": (role("*b"), True),
    "a star for nothing": (role("web*"), True),
    "a star alone": (role("*"), True),
    "a star that does not fit": (role("d*"), False),
    "a star in value only": (value_only("w*b"), True),
    "a star in a key": (key_only("ro*"), False),
    "a question mark": (role("we?"), False),
    "a range": (role("[v-x]eb"), False),
    "a negated range": (role("[!x]eb"), False),
}


@pytest.mark.parametrize(("tag_filter", "expected"), FILTERS.values(), ids=FILTERS)
def test_what_a_tag_filter_matches(tag_filter: TagFilter, expected: bool) -> None:
    assert matches(tag_filter, WEB.tags) == expected


@given(st.text("ab*?[]!^-\\\n.", max_size=8))
def test_every_value_matches_itself_and_the_star(value: str) -> None:
    tags = (Tag(key="role", value=value),)

    assert matches(role(value), tags)
    assert matches(role("*"), tags)


@given(value=st.text("ab?[]!^-\\.", max_size=4), pattern=st.text("ab?[]!^-\\.", max_size=4))
def test_without_a_star_only_equal_values_match(value: str, pattern: str) -> None:
    assert matches(role(pattern), (Tag(key="role", value=value),)) == (value == pattern)


def group(**members: object) -> DeploymentGroup:
    names = {"application_name": "shop", "deployment_group_name": "prod"}
    return DeploymentGroup.model_validate(names | members)


def ec2_set(*lists: tuple[TagFilter, ...]) -> EC2TagSet:
    return EC2TagSet(ec2_tag_set_list=lists)


def on_premises_set(*lists: tuple[TagFilter, ...]) -> OnPremisesTagSet:
    return OnPremisesTagSet(on_premises_tag_set_list=lists)


GROUPS = {
    "no filter at all": ({}, False),
    "one of several filters": ({"ec2_tag_filters": (role("db"), zone("a"))}, True),
    "none of several filters": ({"ec2_tag_filters": (role("db"), zone("b"))}, False),
    "a set: every list": ({"ec2_tag_set": ec2_set((role("web"),), (zone("a"),))}, True),
    "a set: one list not": ({"ec2_tag_set": ec2_set((role("web"),), (zone("b"),))}, False),
    "a set: any of a list": (
        {"ec2_tag_set": ec2_set((role("db"), role("web")), (zone("b"), zone("a")))},
        True,
    ),
    "a set without lists": ({"ec2_tag_set": ec2_set()}, False),
    "a set with an empty list": ({"ec2_tag_set": ec2_set((role("web"),), ())}, False),
    "on-premises filters": ({"on_premises_instance_tag_filters": (role("web"),)}, True),
    "an on-premises set: every list": (
        {"on_premises_tag_set": on_premises_set((role("web"),), (zone("a"),))},
        True,
    ),
    "an on-premises set: one list not": (
        {"on_premises_tag_set": on_premises_set((role("web"),), (zone("b"),))},
        False,
    ),
    "EC2 or on-premises, the first": (
        {
            "ec2_tag_filters": (role("web"),),
            "on_premises_instance_tag_filters": (role("db"),),
        },
        True,
    ),
    "EC2 or on-premises, the second": (
        {
            "ec2_tag_set": ec2_set((role("db"),)),
            "on_premises_tag_set": on_premises_set((role("web"),)),
        },
        True,
    ),
    "EC2 or on-premises, neither": (
        {
            "ec2_tag_filters": (role("db"),),
            "on_premises_instance_tag_filters": (zone("b"),),
        },
        False,
    ),
}


@pytest.mark.parametrize(("members", "expected"), GROUPS.values(), ids=GROUPS)
def test_which_hosts_a_group_means(members: dict[str, object], expected: bool) -> None:
    assert is_member(group(**members), WEB) == expected


FILTER_MEMBERS = {
    "EC2 filters": {"ec2_tag_filters": (role("web"),)},
    "an EC2 tag set": {"ec2_tag_set": ec2_set((role("web"),))},
}


@pytest.mark.parametrize("members", FILTER_MEMBERS.values(), ids=FILTER_MEMBERS)
def test_what_an_ec2_instance_registered_with_counts_unless_ec2_is_asked(
    members: dict[str, object],
) -> None:
    on_ec2 = WEB.model_copy(update={"name": "i-0123456789abcdef0"})

    assert is_member(group(**members), on_ec2)
    assert not is_member(group(**members), on_ec2, ec2_is_asked=True)
    assert is_member(group(**members), WEB, ec2_is_asked=True)


def test_on_premises_filters_mean_an_ec2_instance_by_what_it_registered_with() -> None:
    on_ec2 = WEB.model_copy(update={"name": "i-0123456789abcdef0"})
    members = group(on_premises_instance_tag_filters=(role("web"),))

    assert is_member(members, on_ec2, ec2_is_asked=True)


NAMES = {
    "i-0123456789abcdef0": True,
    "i-0a1b2c3d": True,
    "i-1": False,
    "i-0123456789ABCDEF0": False,
    "web-1": False,
    "i-0123456789abcdef0\n": False,
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_which_names_are_those_of_ec2(name: str, expected: bool) -> None:
    assert is_ec2_id(name) == expected


@given(ec2=FILTER_LISTS, on_premises=FILTER_LISTS, tags=TAGS)
def test_a_group_means_whom_every_list_of_a_source_means(
    ec2: list[list[TagFilter]], on_premises: list[list[TagFilter]], tags: dict[str, str]
) -> None:
    sets = {
        "ec2_tag_set": ec2_set(*map(tuple, ec2)),
        "on_premises_tag_set": on_premises_set(*map(tuple, on_premises)),
    }

    assert is_member(group(**sets), host(**tags)) == (means(ec2, tags) or means(on_premises, tags))


def test_a_hosts_zone_is_the_value_of_its_tag() -> None:
    assert (WEB.zone, host(role="web").zone) == ("a", "")


CLASSES = {
    "never deployed to": (None, HealthClass.UNHEALTHY),
    "its last deployment failed": (UNHEALTHY, HealthClass.UNHEALTHY),
    "revision unknown": (UNKNOWN, HealthClass.UNKNOWN),
    "another revision": (OLD, HealthClass.OLD),
    "the group's revision": (CURRENT, HealthClass.CURRENT),
}


@pytest.mark.parametrize(("health", "expected"), CLASSES.values(), ids=CLASSES)
def test_the_class_of_an_instance(health: InstanceHealth | None, expected: HealthClass) -> None:
    assert health_class(health, NOW_INSTALLED) is expected


def test_nothing_is_current_in_a_group_where_nothing_succeeded() -> None:
    assert health_class(CURRENT, None) is HealthClass.OLD


def test_the_classes_are_in_the_order_of_deployment() -> None:
    assert [one.name for one in sorted(HealthClass)] == ["UNHEALTHY", "UNKNOWN", "OLD", "CURRENT"]
