"""What tags mean to CodeDeploy and to EC2, said once more and in another way than the code does.

means([[role_is_web], [zone_is_a, zone_is_b]], {"role": "web", "zone": "a"})
admits({"tag:role": ("w*",)}, {"role": "web"})
"""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from codedeploy.deployment_group import TagFilter, TagFilterType
from codedeploy.ec2_filters import Question

_KEYS = st.sampled_from(["role", "zone", "ro*", "a?c", "abc", ""])
_VALUES = st.text("ab*?[]\\-", max_size=4)

TAGS = st.dictionaries(st.sampled_from(["role", "zone", "ro*", "a?c", "abc"]), _VALUES, max_size=4)
FILTERS = st.builds(TagFilter, key=_KEYS, value=_VALUES, type=st.sampled_from([*TagFilterType]))
FILTER_LISTS = st.lists(st.lists(FILTERS, max_size=4), max_size=3)


def means(lists: Sequence[Sequence[TagFilter]], tags: Mapping[str, str]) -> bool:
    """Whether tag filters mean an instance with these tags."""
    met = [any(_finds(one, key, tags[key]) for one in filters for key in tags) for filters in lists]
    return len(met) > 0 and False not in met


def _finds(one: TagFilter, key: str, value: str) -> bool:
    wanted_key = one.type is TagFilterType.VALUE_ONLY or key == one.key
    wanted_value = one.type is TagFilterType.KEY_ONLY or fits(one.value, value, wild="*")
    return wanted_key and wanted_value


def admits(question: Question, tags: Mapping[str, str]) -> bool:
    """Whether EC2 tells of an instance with these tags."""
    return all(_lets_in(name, values, tags) for name, values in question.items())


def _lets_in(name: str, values: Sequence[str], tags: Mapping[str, str]) -> bool:
    if name == "tag-key":
        return any(fits(value, key, wild="*?\\") for value in values for key in tags)
    tag = tags.get(name.removeprefix("tag:"))
    return tag is not None and any(fits(value, tag, wild="*?\\") for value in values)


def fits(pattern: str, text: str, *, wild: str) -> bool:
    """Whether `text` is what `pattern` says, in which those of `*?\\` are special that are wild."""
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first == "*" and first in wild:
        return any(fits(rest, text[start:], wild=wild) for start in range(len(text) + 1))
    if first == "\\" and first in wild and rest:
        return text[:1] == rest[0] and fits(rest[1:], text[1:], wild=wild)
    is_any = first == "?" and first in wild
    return bool(text) and (is_any or text[0] == first) and fits(rest, text[1:], wild=wild)
