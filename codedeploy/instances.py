"""Which instances a deployment group means, and in which order they are deployed to.

Source: CodeDeploy User Guide, Tagging instances; Instance health.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from fnmatch import fnmatchcase

from codedeploy.deployment_group import DeploymentGroup, TagFilter, TagFilterType
from codedeploy.instance import Tag, zone_of
from codedeploy.wire import Model

FilterLists = tuple[tuple[TagFilter, ...], ...]
"""Filters of which an instance must match one of every list."""

_EC2_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")


class Host(Model):
    """An instance that a deployment may target."""

    name: str
    tags: tuple[Tag, ...] = ()

    @property
    def zone(self) -> str:
        """The value of its `zone` tag, or an empty string."""
        return zone_of(self.tags)


def is_ec2_id(name: str) -> bool:
    """Whether `name` is what EC2 calls an instance, and so the agent on it."""
    return _EC2_ID.fullmatch(name) is not None


def matches(tag_filter: TagFilter, tags: Iterable[Tag]) -> bool:
    """Whether one of `tags` is what `tag_filter` looks for; `*` in a value matches anything."""
    return any(_matches_one(tag_filter, tag) for tag in tags)


def _matches_one(tag_filter: TagFilter, tag: Tag) -> bool:
    same_key = tag.key == tag_filter.key
    same_value = fnmatchcase(tag.value, _only_stars(tag_filter.value))
    match tag_filter.type:
        case TagFilterType.KEY_ONLY:
            return same_key
        case TagFilterType.VALUE_ONLY:
            return same_value
        case TagFilterType.KEY_AND_VALUE:
            return same_key and same_value


def _only_stars(value: str) -> str:
    """Return `value` as a pattern in which `*` alone is special."""
    return value.replace("[", "[[]").replace("?", "[?]")


def is_member(group: DeploymentGroup, host: Host, *, ec2_is_asked: bool = False) -> bool:
    """Whether `group` means a registered instance, by the tags it registered with.

    EC2 and on-premises filters are two sources whose union counts.

    Args:
        group: Whose filters count.
        host: The instance, with all of its tags.
        ec2_is_asked: EC2 says which of its instances the EC2 filters mean, so that what these
            registered with does not count there.

    Differs from AWS: EC2 filters mean instances outside of EC2, too.
    """
    if all_lists_match(on_premises_lists(group), host.tags):
        return True
    is_left_to_ec2 = ec2_is_asked and is_ec2_id(host.name)
    return not is_left_to_ec2 and all_lists_match(ec2_lists(group), host.tags)


def ec2_lists(group: DeploymentGroup) -> FilterLists:
    """Return the filters for EC2 instances; none if `group` has none."""
    if group.ec2_tag_set:
        return group.ec2_tag_set.ec2_tag_set_list
    return (group.ec2_tag_filters,) if group.ec2_tag_filters else ()


def on_premises_lists(group: DeploymentGroup) -> FilterLists:
    """Return the filters for on-premises instances; none if `group` has none."""
    if group.on_premises_tag_set:
        return group.on_premises_tag_set.on_premises_tag_set_list
    filters = group.on_premises_instance_tag_filters
    return (filters,) if filters else ()


def all_lists_match(lists: FilterLists, tags: tuple[Tag, ...]) -> bool:
    """Whether there are lists, and `tags` match a filter of each."""
    return bool(lists) and all(any(matches(one, tags) for one in filters) for filters in lists)


class HealthClass(IntEnum):
    """Whom to deploy to first."""

    UNHEALTHY = 0
    UNKNOWN = 1
    OLD = 2
    CURRENT = 3


class InstanceHealth(Model):
    """What the group remembers of one instance.

    Attributes:
        installed: Mark of the revision that last succeeded on it; None if none did.
        label: That revision's name for people.
        is_healthy: Whether the last deployment to it succeeded.
    """

    installed: str | None = None
    label: str = ""
    is_healthy: bool = False


def health_class(health: InstanceHealth | None, last_successful: str | None) -> HealthClass:
    """Return where an instance stands in the order of deployment.

    Args:
        health: What is known of it; None if it was never deployed to.
        last_successful: Mark of the group's last successful revision.
    """
    if health is None or not health.is_healthy:
        return HealthClass.UNHEALTHY
    if health.installed is None:
        return HealthClass.UNKNOWN
    return HealthClass.CURRENT if health.installed == last_successful else HealthClass.OLD
