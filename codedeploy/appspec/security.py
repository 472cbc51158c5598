"""The two small grammars inside permissions: access control entries and SELinux ranges.

Source: setfacl(1); CodeDeploy User Guide, AppSpec 'permissions' section.
"""

import re
from collections.abc import Iterable

_DEFAULT = frozenset({"d", "default"})
_OWNERS = frozenset({"u", "user", "g", "group"})
_NAMELESS = frozenset({"m", "mask", "o", "other"})
_PERMISSIONS = re.compile(r"[0-7]|[rwx-]+")
_LEVELS = re.compile(r"s(\d{1,4})(?:-s(\d{1,4}))?", re.ASCII)
_CATEGORIES = re.compile(r"c(\d{1,4})(?:\.c(\d{1,4}))?", re.ASCII)
_HIGHEST_CATEGORY = 1023
_ACE_GRAMMAR = "[default:][user|group|mask|other:][name]:permissions, such as user:bob:rw"
_RANGE_GRAMMAR = "s#[-s#][:c#[.c#][,c#...]], such as s0-s1:c0.c3"


def ace_problem(entry: str, *, may_be_default: bool = True) -> str | None:
    """Return what is wrong with an access control entry, or None.

    Args:
        entry: In setfacl's spelling; permissions are one octal digit or letters of `rwx-`.
        may_be_default: False if it is for files alone, which have no default entries.
    """
    kind, *rest = entry.split(":")
    is_default = kind in _DEFAULT and bool(rest)
    if is_default:
        kind, *rest = rest
    if is_default and not may_be_default:
        return f"{entry!r} is a default entry, which only directories have"
    return _kind_problem(entry, kind, rest, is_default=is_default)


def _kind_problem(entry: str, kind: str, rest: list[str], *, is_default: bool) -> str | None:
    if kind not in _OWNERS | _NAMELESS:
        kind, rest = "user", [kind, *rest]
        if len(rest) != 2 or not rest[0]:
            return _ungrammatical(entry)
    if not 1 <= len(rest) <= 2:
        return _ungrammatical(entry)
    name = rest[0] if len(rest) == 2 else ""
    if not _PERMISSIONS.fullmatch(rest[-1]):
        return f"{entry!r}: expected one octal digit or letters of rwx-, found {rest[-1]!r}"
    if name and kind in _NAMELESS:
        return f"{entry!r}: {kind} takes no name, found {name!r}"
    if kind in _OWNERS and not name and not is_default:
        return f"{entry!r} names no user or group; set the object's own permissions with mode"
    return None


def _ungrammatical(entry: str) -> str:
    return f"expected {_ACE_GRAMMAR}, found {entry!r}"


def ace_account(entry: str) -> tuple[str, str] | None:
    """Return whom a grammatical entry names, as `user` or `group` and the name; None if nobody."""
    kind, *rest = entry.split(":")
    if kind in _DEFAULT:
        kind, *rest = rest
    if kind not in _OWNERS | _NAMELESS:
        return "user", kind
    if kind in _NAMELESS or len(rest) < 2 or not rest[0]:
        return None
    return ("user" if kind.startswith("u") else "group"), rest[0]


def range_problem(text: str) -> str | None:
    """Return what is wrong with an SELinux sensitivity and category range, or None."""
    levels, _, categories = text.partition(":")
    found = _LEVELS.fullmatch(levels)
    if found is None or text.endswith(":"):
        return f"expected {_RANGE_GRAMMAR}, found {text!r}"
    low, high = found.groups()
    if high is not None and int(high) < int(low):
        return f"{text!r}: the high level s{high} is below the low level s{low}"
    return _category_problem(text, categories.split(",")) if categories else None


def _category_problem(text: str, categories: Iterable[str]) -> str | None:
    seen: set[int] = set()
    for category in categories:
        found = _CATEGORIES.fullmatch(category)
        if found is None:
            return f"expected {_RANGE_GRAMMAR}, found {text!r}"
        low, high = int(found[1]), int(found[2] or found[1])
        if max(low, high) > _HIGHEST_CATEGORY:
            return f"{text!r}: categories end at c{_HIGHEST_CATEGORY}, found {category}"
        if high < low:
            return f"{text!r}: the category range {category} runs backwards"
        if not seen.isdisjoint(range(low, high + 1)):
            return f"{text!r}: {category} repeats a category"
        seen.update(range(low, high + 1))
    return None
