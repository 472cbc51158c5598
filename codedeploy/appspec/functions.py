"""What the AppSpec files of Lambda and ECS share: one resource, and functions as hooks.

Their keys are matched without regard to case, at every level.

Source: CodeDeploy User Guide, AppSpec 'resources' and 'hooks' sections.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from codedeploy.appspec.section import Section
from codedeploy.document import Findings, Node, did_you_mean
from codedeploy.lifecycle import RESERVED, LifecycleEvent

ROOT_KEYS = ("version", "Resources", "Hooks")
_FUNCTION = re.compile(r"[A-Za-z0-9:_.$-]{1,256}")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")

FunctionHooks = dict[LifecycleEvent, str]


class ResourceKind(NamedTuple):
    """What an AppSpec file is about.

    Attributes:
        type: The resource type, as the file must spell it.
        name: The resource's fixed name; None lets the file choose.
        properties: The keys of its properties.
    """

    type: str
    name: str | None
    properties: Sequence[str]


class _Entry(NamedTuple):
    name: str
    node: Node


def section_of(node: Node, findings: Findings, keys: Sequence[str]) -> Section | None:
    """Return the map at `node`, whose keys are matched without regard to case."""
    return Section.of(node, findings, keys=keys, ignores_case=True)


def properties_of(root: Section, kind: ResourceKind) -> Section | None:
    """Return the properties of the only resource; what is wrong becomes a finding."""
    root.require("Resources")
    items = root.items("Resources", of="one resource")
    entry = root.get("Resources")
    if entry is not None and isinstance(entry.value, tuple) and len(entry.value) != 1:
        root.findings.problem(entry, f"expected exactly one resource, found {len(entry.value)}")
        return None
    return _properties(items[0], root.findings, kind) if items else None


def _properties(item: Node, findings: Findings, kind: ResourceKind) -> Section | None:
    entry = _single(item, findings, what="a resource's name and its definition")
    if entry is None:
        return None
    if kind.name is not None and entry.name.casefold() != kind.name.casefold():
        findings.problem(entry.node, f"expected the resource {kind.name}, found {entry.name!r}")
    resource = section_of(entry.node, findings, ("Type", "Properties"))
    if resource is None:
        return None
    resource.require("Type")
    resource.choice("Type", (kind.type,))
    properties = resource.require("Properties")
    return None if properties is None else section_of(properties, findings, kind.properties)


def function_hooks(root: Section, allowed: Sequence[LifecycleEvent]) -> FunctionHooks:
    """Return the function of each event that has one; what is wrong becomes a finding."""
    items = root.items("Hooks", of="hooks", hint="write: - BeforeAllowTraffic: function")
    hooks: FunctionHooks = {}
    for item in items:
        entry = _single(item, root.findings, what="a lifecycle event and its function")
        event = entry and _event(entry, root.findings, allowed)
        if entry is None or event is None:
            continue
        if event in hooks:
            root.findings.problem(entry.node, f"{event} has a function already; keep one")
        hooks[event] = function_name(entry.node, root.findings)
    return hooks


def _single(item: Node, findings: Findings, *, what: str) -> _Entry | None:
    """Return the only entry of the map at `item`."""
    if not isinstance(item.value, dict):
        findings.expected(item, f"a map of {what}")
        return None
    if len(item.value) != 1:
        findings.problem(item, f"expected {what} alone, found {len(item.value)} keys")
        return None
    ((name, node),) = item.value.items()
    return _Entry(name, node)


def _event(
    entry: _Entry, findings: Findings, allowed: Sequence[LifecycleEvent]
) -> LifecycleEvent | None:
    by_folded = {event.casefold(): event for event in allowed}
    event = by_folded.get(entry.name.casefold())
    if event is None:
        is_reserved = entry.name in RESERVED
        kind = "is reserved and calls no function" if is_reserved else "is no hook of this platform"
        meant = "" if is_reserved else did_you_mean(entry.name, allowed)
        sentence = f"{entry.name!r} {kind}{meant}; allowed: {', '.join(allowed)}"
        findings.problem(entry.node, sentence)
    return event


def function_name(node: Node, findings: Findings) -> str:
    """Return the name or ARN of a function at `node`."""
    name = node.value.strip() if isinstance(node.value, str) else ""
    if not _FUNCTION.fullmatch(name) and not node.is_refused:
        findings.expected(node, "the name or ARN of a Lambda function")
    return name


def whole_number(node: Node, findings: Findings, *, at_least: int, at_most: int) -> int:
    """Return the number at `node`, which may be quoted."""
    is_written = isinstance(node.value, int | str) and _WHOLE_NUMBER.fullmatch(node.written)
    number = int(node.written) if is_written else -1
    if not at_least <= number <= at_most:
        findings.expected(node, f"a whole number from {at_least} to {at_most}")
    return number
