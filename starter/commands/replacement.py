"""Naming the fleet that replaces another one, on the command line."""

from collections.abc import Sequence

from codedeploy.deployment_group import LONGEST_KEY, LONGEST_VALUE, TagFilter, TagFilterType
from codedeploy.errors import InvalidTargetInstances
from codedeploy.target_instances import MOST_OF_EACH, TargetInstances


def target_instances(
    tags: Sequence[str] | None, scaling_groups: Sequence[str] | None
) -> TargetInstances | None:
    """Return the fleet that was typed; None if none was.

    Raises:
        InvalidTargetInstances: A tag is no `KEY=VALUE` and no `KEY`, or there are too many.
    """
    if not tags and not scaling_groups:
        return None
    filters, names = tuple(map(_filter, tags or ())), tuple(scaling_groups or ())
    if max(len(filters), len(names)) > MOST_OF_EACH:
        raise InvalidTargetInstances(
            f"--target-tag and --target-auto-scaling-group: expected at most {MOST_OF_EACH} of "
            f"each, found {len(filters)} and {len(names)}. Give the instances a tag in common."
        )
    return TargetInstances(tag_filters=filters, auto_scaling_groups=names)


def _filter(typed: str) -> TagFilter:
    key, has_value, value = typed.partition("=")
    if not key:
        raise InvalidTargetInstances(
            f"--target-tag: expected KEY=VALUE, or KEY for any value, found {typed!r}"
        )
    if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
        raise InvalidTargetInstances(
            f"--target-tag: expected a key of at most {LONGEST_KEY} characters and a value of at "
            f"most {LONGEST_VALUE}, found {len(key)} and {len(value)}"
        )
    kind = TagFilterType.KEY_AND_VALUE if has_value else TagFilterType.KEY_ONLY
    return TagFilter(key=key, value=value, type=kind)
