"""Which paths a pattern of `permissions` fits."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codedeploy.installation.patterns import fits

EXPRESSIONS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}


def reference(pattern: str, path: str) -> bool:
    """Say the same by a regular expression, which takes for ever over patterns that are long."""
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    expression = "".join(EXPRESSIONS.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(expression, path, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "path", "is_fitting"),
    [
        ("**", "a/b/c", True),
        ("*", "a", True),
        ("*", "a/b", False),
        ("*.sh", "start.sh", True),
        ("*.sh", "bin/start.sh", False),
        ("**/*.sh", "start.sh", True),
        ("**/*.sh", "a/b/start.sh", True),
        ("bin/*", "bin/start", True),
        ("bin/*", "bin/a/start", False),
        ("bin/**", "bin/a/start", True),
        ("bin/**", "bin", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/b/c/y", False),
        ("log-*-*.txt", "log-2026-11.txt", True),
        ("a.b", "axb", False),
        ("", "a", False),
    ],
)
def test_what_fits(pattern: str, path: str, is_fitting: bool) -> None:
    assert fits(pattern, path) is is_fitting


PATTERNS = st.lists(
    st.sampled_from(["a", "b", "/", "*", "**", "**/", "/**/", "*a", "\n", "."]), max_size=9
).map("".join)
PATHS = st.text("ab/.\n", max_size=12)


@given(PATTERNS, PATHS)
@example("**/***/**a", "a/a")
def test_a_pattern_fits_what_the_same_expression_does(pattern: str, path: str) -> None:
    assert fits(pattern, path) == reference(pattern, path)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("**/" * 500 + "x", id="any depth, time and again"),
        pytest.param("**/d/" * 20 + "x", id="any depth and a name, time and again"),
        pytest.param("**d" * 20 + "x", id="anything and a letter, time and again"),
        pytest.param("*d*" * 200 + "x", id="any name, time and again"),
    ],
)
@pytest.mark.timeout(20)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    assert not fits(pattern, "/".join("d" * 40))
    assert not fits(pattern, "d" * 1000)
