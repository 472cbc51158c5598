import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.instance import Tag
from codedeploy.instances import Host
from codedeploy.membership import AwsMembers, hosts_of, no_members

FIRST, SECOND, THIRD = (f"i-{number:017x}" for number in (1, 2, 3))
WEB = (TagFilter(key="role", value="web"),)


def group(**members: object) -> DeploymentGroup:
    names = {"application_name": "shop", "deployment_group_name": "prod"}
    return DeploymentGroup.model_validate(names | members)


ON_EC2 = group(ec2_tag_filters=WEB)


def registered(name: str, **tags: str) -> Host:
    return Host(name=name, tags=tuple(Tag(key=key, value=value) for key, value in tags.items()))


def zones(hosts: tuple[Host, ...]) -> dict[str, str]:
    return {host.name: host.zone for host in hosts}


def test_who_registered_and_whom_aws_names_are_one_fleet() -> None:
    own = [registered("web-1", role="web", zone="cellar"), registered("db-1", role="db")]

    hosts = hosts_of(ON_EC2, own, AwsMembers({FIRST: "b"}, ec2_is_asked=True))

    assert zones(hosts) == {FIRST: "b", "web-1": "cellar"}


def test_ec2_decides_about_its_own_instances() -> None:
    own = [registered(FIRST, role="web"), registered(SECOND, role="db")]

    hosts = hosts_of(ON_EC2, own, AwsMembers({SECOND: "b"}, ec2_is_asked=True))

    assert zones(hosts) == {SECOND: "b"}


def test_ec2_instances_are_what_they_registered_as_if_ec2_is_not_asked() -> None:
    own = [registered(FIRST, role="web", zone="a"), registered(SECOND, role="db")]

    assert zones(hosts_of(ON_EC2, own, AwsMembers())) == {FIRST: "a"}


ZONES = {
    "AWS knows better": ("a", {"zone": "b"}, "a"),
    "AWS does not know": ("", {"zone": "b"}, "b"),
    "nobody knows": ("", {}, ""),
}


@pytest.mark.parametrize(("told", "tags", "expected"), ZONES.values(), ids=ZONES)
def test_where_an_instance_is(told: str, tags: dict[str, str], expected: str) -> None:
    hosts = hosts_of(group(), [registered(FIRST, **tags)], AwsMembers({FIRST: told}))

    assert zones(hosts) == {FIRST: expected}


def test_who_is_held_belongs_to_the_fleet() -> None:
    own = [registered(SECOND, zone="c")]

    hosts = hosts_of(group(), own, AwsMembers({FIRST: "a"}), [THIRD, SECOND, FIRST])

    assert zones(hosts) == {FIRST: "a", SECOND: "c", THIRD: ""}


def test_of_the_tags_only_the_zone_comes_along() -> None:
    (host,) = hosts_of(ON_EC2, [registered("web-1", role="web", zone="a")], AwsMembers())

    assert host.tags == (Tag(key="zone", value="a"),)


NAMES = st.lists(st.sampled_from([FIRST, SECOND, THIRD, "web-1", "web-2"]))


@given(own=NAMES, told=NAMES, held=NAMES, asked=st.booleans())
def test_everybody_who_belongs_is_there_once_and_in_order(
    own: list[str], told: list[str], held: list[str], asked: bool
) -> None:
    members = AwsMembers(dict.fromkeys(told, "a"), ec2_is_asked=asked)

    hosts = hosts_of(ON_EC2, [registered(name, role="web") for name in own], members, held)

    left_to_ec2 = {FIRST, SECOND, THIRD} if asked else set()
    assert [host.name for host in hosts] == sorted({*own} - left_to_ec2 | {*told, *held})


# --- nobody

SCALED: dict[str, object] = {"auto_scaling_groups": ("web", "api")}
TAGGED: dict[str, object] = {"on_premises_instance_tag_filters": WEB}
NOBODY: dict[str, tuple[dict[str, object], list[str]]] = {
    "tags": (TAGGED, ["matches its tag filters"]),
    "scaling groups": (SCALED, ["autoScalingGroups (web, api) is healthy and InService"]),
    "both": (SCALED | TAGGED, ["autoScalingGroups (web, api)", "matches its tag filters"]),
    "nothing": ({}, ["names neither tag filters nor autoScalingGroups"]),
}


@pytest.mark.parametrize(("members", "said"), NOBODY.values(), ids=NOBODY)
def test_a_group_without_an_instance_is_told_of_what_it_names_itself(
    members: dict[str, object], said: list[str]
) -> None:
    failure = no_members(group(**members))

    assert failure.code == "NO_INSTANCES"
    assert [words for words in said if words not in failure.message] == []
    assert ("tag filters. Compare" in failure.message) == ("matches its tag filters" in said[-1])
