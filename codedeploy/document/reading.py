"""YAML and JSON text as values that know their line and key path.

Only what means the same to every reader is accepted: no aliases, no tags, no key twice. Dates stay
text. A scalar keeps its spelling, so that an unquoted `0755`, which YAML takes for an octal number,
can be told from `493`.

Differs from AWS: CodeDeploy takes the last of two equal keys; a duplicate is an error here.
"""

import json
import re
from math import isfinite
from typing import Any

import yaml

from codedeploy.document.findings import Findings
from codedeploy.document.node import Node, Path, Scalar, shortened

MOST_CHARACTERS = 1_000_000
DEEPEST = 50
_CORE = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCALARS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null"))


def read_one(text: str, findings: Findings) -> Node:
    """Return the only document of `text`; a problem in a part of it is left in `findings`.

    Raises:
        ManifestInvalid: The text is empty, holds several documents or is not readable.
    """
    documents = read_all(text, findings)
    if len(documents) > 1:
        findings.problem(documents[1], f"expected one document, found {len(documents)}")
        findings.refuse()
    return documents[0]


def read_all(text: str, findings: Findings) -> tuple[Node, ...]:
    """Return the documents of `text` that are not empty.

    A problem in a part of one is left in `findings`, so that its reader can go on and add others.

    Raises:
        ManifestInvalid: There is none, or the text is not readable.
    """
    if len(text) > MOST_CHARACTERS:
        findings.unreadable(1, f"the text is longer than {MOST_CHARACTERS} characters")
        findings.refuse()
    reader = _Reader(findings)
    documents = tuple(
        document
        for document in (reader.node(found) for found in _composed(text, findings))
        if document.value is not None
    )
    if not documents:
        if not findings.has_problems:
            findings.unreadable(1, "the document is empty")
        findings.refuse()
    return documents


def _composed(text: str, findings: Findings) -> list[yaml.Node]:
    try:
        loader = _Loader(_without_json_tabs(text))
        return list(iter(loader.compose_next, None))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.unreadable(mark.line + 1 if mark else 1, _syntax_problem(error, text))
    except yaml.YAMLError as error:
        findings.unreadable(1, f"not readable as YAML: {error}".replace("\n", " "))
    findings.refuse()
    return []


def _without_json_tabs(text: str) -> str:
    """Return JSON that is indented by tabs in a form that YAML takes; anything else as it is.

    JSON has no tabs inside its strings, so none is lost.
    """
    if "\t" not in text:
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> str:
    lines = text.splitlines()
    mark = error.problem_mark
    if mark and mark.line < len(lines) and "\t" in re.split(r"[^ \t]", lines[mark.line])[0]:
        return "the line is indented with a tab; YAML wants spaces"
    return f"not readable as YAML: {error.problem or error.context}"


class _Loader(yaml.SafeLoader):
    """Composes nodes to a limited depth; an alias becomes a scalar with a tag nobody accepts."""

    _depth = 0

    def compose_next(self) -> yaml.Node | None:
        """Return the next document's root, or None after the last."""
        return self.get_node() if self.check_node() else None

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node, without following aliases."""
        if self.check_event(yaml.AliasEvent):
            return self._alias()
        if self._depth >= DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"nested over {DEEPEST} deep", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _alias(self) -> yaml.Node:
        event = self.get_event()  # type: ignore[no-untyped-call]
        tag = f"!*{event.anchor}"
        return yaml.ScalarNode(tag, "", event.start_mark, event.end_mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _SCALARS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reader:
    """Turns composed YAML into nodes and notes what no document may hold."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._scalars = yaml.constructor.SafeConstructor()

    def node(self, found: yaml.Node, path: Path = (), line: int | None = None) -> Node:
        line = line or found.start_mark.line + 1
        match found:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return self._map(found, path, line)
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                items = (self.node(item, (*path, i)) for i, item in enumerate(found.value))
                return Node(tuple(items), line, path)
            case yaml.ScalarNode() if found.tag in _SCALARS:
                return self._scalar(found, path, line)
        return self._refused(line, path, _tag_problem(found.tag))

    def _map(self, found: yaml.MappingNode, path: Path, line: int) -> Node:
        entries: dict[str, Node] = {}
        for key, value in found.value:
            line_of_key = key.start_mark.line + 1
            if not _is_plain(key):
                problem = "a key must be plain text; quote a value that starts with { or ["
                return self._refused(line_of_key, path, problem)
            node = self.node(value, (*path, key.value), line_of_key)
            if key.value in entries:
                first = entries[key.value].line
                self._findings.problem(node, f"the key stands here and on line {first}; keep one")
            entries[key.value] = node
        return Node(entries, line, path)

    def _scalar(self, found: yaml.ScalarNode, path: Path, line: int) -> Node:
        try:
            value: Scalar = self._scalars.construct_object(found)
            if isinstance(value, str):
                value = _joined_surrogates(value)
            if isinstance(value, float) and not isfinite(value):
                raise ValueError(found.value)
        except (ValueError, KeyError, OverflowError):
            return self._refused(line, path, f"{shortened(found.value)!r} is no readable value")
        return Node(value, line, path, found.value)

    def _refused(self, line: int, path: Path, problem: str) -> Node:
        node = Node(None, line, path, is_refused=True)
        self._findings.problem(node, problem)
        return node


def _is_plain(key: yaml.Node) -> bool:
    """Whether `key` is text that can be written down again."""
    return key.tag in _SCALARS and isinstance(key.value, str) and not _SURROGATE.search(key.value)


def _tag_problem(tag: str) -> str:
    if tag.startswith("!*"):
        return f"the alias {tag[1:]} is not accepted; write the value out"
    if tag.startswith("!"):
        return (
            f"the tag {tag} is not accepted: CloudFormation functions mean nothing here; write "
            "the value itself"
        )
    return f"the tag {tag.replace(_CORE, '!!')} is not accepted; write a plain value"


def _joined_surrogates(text: str) -> str:
    """Return `text` with JSON's escaped surrogate pairs as the characters they mean."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")
