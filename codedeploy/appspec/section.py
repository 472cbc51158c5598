"""A map of an AppSpec file, read key by key; whatever is wrong with it becomes a finding."""

import re
from collections.abc import Sequence
from typing import Self

from codedeploy.document import Findings, Node, alternatives, did_you_mean, resembling

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


class Section:
    """The entries of a map, of which only some keys are known.

    An unknown key that resembles a known one is a problem, because its author meant something; any
    other is only warned of.

    Differs from AWS: CodeDeploy passes over every unknown key in silence, `Hooks:` included.
    """

    def __init__(self, node: Node, findings: Findings, entries: dict[str, Node]) -> None:
        self.node = node
        self.findings = findings
        self._entries = entries

    @classmethod
    def of(
        cls, node: Node, findings: Findings, *, keys: Sequence[str], ignores_case: bool = False
    ) -> Self | None:
        """Return the map at `node`, or None after noting that there is none."""
        if not isinstance(node.value, dict):
            if not node.is_refused:
                findings.expected(node, f"a map with {alternatives(keys)}")
            return None
        section = cls(node, findings, {})
        for key, entry in node.value.items():
            section._add(key, entry, keys=keys, ignores_case=ignores_case)
        return section

    def _add(self, key: str, entry: Node, *, keys: Sequence[str], ignores_case: bool) -> None:
        folded = {known.casefold(): known for known in keys} if ignores_case else {}
        name = folded.get(key.casefold(), key)
        if name not in keys:
            self._unknown(entry, key, keys)
        elif name in self._entries:
            first = self._entries[name].line
            self.findings.problem(entry, f"the key stands here and on line {first}; keep one")
        else:
            self._entries[name] = entry

    def _unknown(self, entry: Node, key: str, keys: Sequence[str]) -> None:
        if resembling(key, keys):
            self.findings.problem(entry, f"unknown key{did_you_mean(key, keys)}")
        else:
            self.findings.warning(
                entry, f"unknown key, it has no effect; known here: {', '.join(keys)}"
            )

    def get(self, key: str) -> Node | None:
        """Return the value of `key`, or None if it is absent or holds nothing."""
        entry = self._entries.get(key)
        return None if entry is None or entry.value is None else entry

    def require(self, key: str) -> Node | None:
        """Return the value of `key`; note it if there is none."""
        entry = self._entries.get(key)
        if entry is None:
            self.findings.problem(self.node, "is required and missing", key)
        elif entry.value is None and not entry.is_refused:
            self.findings.problem(entry, "is required and holds nothing")
        return self.get(key)

    def text(self, key: str) -> str | None:
        """Return the text of `key`, or None if it has none."""
        entry = self.get(key)
        return None if entry is None else text_of(entry, self.findings)

    def required_text(self, key: str) -> str:
        """Return the text of `key`; note it, and return an empty one, if it has none."""
        entry = self.require(key)
        return "" if entry is None else text_of(entry, self.findings) or ""

    def items(self, key: str, *, of: str, hint: str = "") -> tuple[Node, ...]:
        """Return the items of the list at `key`; note it if it is no list.

        Args:
            key: Absent means no items.
            of: What the list holds, for people.
            hint: What to do about it.
        """
        entry = self.get(key)
        return () if entry is None else items_of(entry, self.findings, of=of, hint=hint)

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        """Return the text of `key` if it is one of `choices`; note it if it is another."""
        entry = self.get(key)
        return None if entry is None else choice_of(entry, self.findings, choices)


def items_of(node: Node, findings: Findings, *, of: str, hint: str = "") -> tuple[Node, ...]:
    """Return the items of the list at `node`; note it if it is no list."""
    if not isinstance(node.value, tuple):
        findings.expected(node, f"a list of {of}", hint=hint)
        return ()
    for item in node.value:
        if item.value is None and not item.is_refused:
            findings.problem(item, "the item holds nothing")
    return tuple(item for item in node.value if item.value is not None)


def texts_of(nodes: Sequence[Node], findings: Findings) -> tuple[str, ...]:
    """Return the texts of `nodes`; note those that are none."""
    found = (text_of(node, findings) for node in nodes)
    return tuple(text for text in found if text is not None)


def text_of(node: Node, findings: Findings) -> str | None:
    """Return the text at `node` without surrounding blanks; a number is its own spelling.

    Empty text, control characters and every other kind of value are noted.
    """
    is_number = isinstance(node.value, int) and not isinstance(node.value, bool)
    if not isinstance(node.value, str) and not is_number:
        hint = "quote it" if not isinstance(node.value, dict | tuple) else ""
        findings.expected(node, "text", hint=hint)
        return None
    text = (node.value if isinstance(node.value, str) else node.written).strip()
    if not text:
        findings.problem(node, "is empty")
    elif _CONTROL_CHARACTER.search(text):
        findings.expected(node, "text without line ends and control characters")
    else:
        return text
    return None


def choice_of(node: Node, findings: Findings, choices: Sequence[str]) -> str | None:
    """Return the text at `node` if it is one of `choices`; note it if it is another."""
    if isinstance(node.value, str) and node.value.strip() in choices:
        return node.value.strip()
    hint = did_you_mean(str(node.value), choices).removeprefix("; ")
    findings.expected(node, alternatives(choices), hint=hint)
    return None


def check_version(section: Section) -> None:
    """Note a version that is not 0.0, the only one there is.

    Differs from AWS: the agent wants a number; the text "0.0" is accepted here as well.
    """
    version = section.require("version")
    if version is None or version.value == "0.0":
        return
    if isinstance(version.value, bool) or version.value != 0:
        section.findings.expected(version, "0.0")
