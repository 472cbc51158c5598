"""Which instances a deployment group means, and in which order they are deployed to.

Source: CodeDeploy User Guide, Tagging instances; Instance health.
"""

from collections.abc import Iterable
from enum import IntEnum
from fnmatch import fnmatchcase

from codedeploy.deployment_group import DeploymentGroup, TagFilter, TagFilterType
from codedeploy.instance import Tag
from codedeploy.wire import Model


class Host(Model):
    """An instance that a deployment may target."""

    name: str
    tags: tuple[Tag, ...] = ()

    @property
    def zone(self) -> str:
        """The value of its `zone` tag, or an empty string."""
        return next((tag.value for tag in self.tags if tag.key == "zone"), "")


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


def is_member(group: DeploymentGroup, host: Host) -> bool:
    """Whether `group` means `host`, by any of its tag filters or tag sets.

    EC2 and on-premises filters are two sources whose union counts; inside a tag set every list
    must match.
    """
    return any(_all_lists_match(lists, host) for lists in _sources(group))


def _sources(group: DeploymentGroup) -> list[tuple[tuple[TagFilter, ...], ...]]:
    ec2 = group.ec2_tag_set.ec2_tag_set_list if group.ec2_tag_set else (group.ec2_tag_filters,)
    on_premises = (
        group.on_premises_tag_set.on_premises_tag_set_list
        if group.on_premises_tag_set
        else (group.on_premises_instance_tag_filters,)
    )
    return [source for source in (ec2, on_premises) if source]


def _all_lists_match(lists: tuple[tuple[TagFilter, ...], ...], host: Host) -> bool:
    return all(any(matches(one, host.tags) for one in filters) for filters in lists)


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
