"""What EC2 is asked to find the instances that tag filters mean: never for less than these.

EC2 cannot be asked for a tag's value alone, nor for one thing or another that differ in their
kind, and it reads more characters as wildcards. So its answers may hold more than is meant: match
them again.

Source: Amazon EC2 API Reference, DescribeInstances; Amazon EC2 User Guide, List and filter using
the CLI and API.
"""

import re
from collections.abc import Iterable, Mapping

from codedeploy.deployment_group import TagFilter, TagFilterType
from codedeploy.instances import FilterLists

Question = Mapping[str, tuple[str, ...]]
"""The filters of one call, by name: all must match, each by any of its values."""

_TAG_KEY = "tag-key"
_READ_DIFFERENTLY = re.compile(r"[?\\\[]")
_WILD = re.compile(r"[*?\\\[]")


def questions(lists: FilterLists) -> tuple[Question, ...]:
    """Return the questions whose answers hold every instance that matches all of `lists`.

    Only the list that takes the fewest questions is asked for: others narrow these down, as far
    as they fit in. There is no question if no instance can match.
    """
    known = [asked for asked in map(_asked, lists) if asked is not None]
    if not known:
        return ({},) if lists else ()
    fewest = min(known, key=len)
    narrower = [asked for asked in known if len(asked) == 1]
    return tuple(_narrowed({name: values}, narrower) for name, values in fewest.items())


def _asked(filters: Iterable[TagFilter]) -> dict[str, tuple[str, ...]] | None:
    """Return EC2's filters for any of `filters`, or None if it has none for one of them."""
    asked: dict[str, tuple[str, ...]] = {}
    for one in filters:
        if one.type is TagFilterType.VALUE_ONLY:
            return None
        if one.key:  # no instance of EC2 has a tag without a key
            name, value = _filter(one)
            asked[name] = tuple(dict.fromkeys((*asked.get(name, ()), value)))
    return asked


def _filter(one: TagFilter) -> tuple[str, str]:
    is_key_enough = one.type is TagFilterType.KEY_ONLY or not one.value
    if is_key_enough or _WILD.search(one.key):
        return _TAG_KEY, _pattern(one.key)
    return f"tag:{one.key}", _pattern(one.value)


def _pattern(text: str) -> str:
    """Return `text` with `?`, one of any characters, for all that EC2 may read differently."""
    return _READ_DIFFERENTLY.sub("?", text)


def _narrowed(question: dict[str, tuple[str, ...]], narrower: Iterable[Question]) -> Question:
    for other in narrower:
        question = {**other, **question}
    return question
