"""The IAM policies that the documentation gives people to copy."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.documentation import ROOT

Policy = Mapping[str, Any]
Statement = Mapping[str, Any]

POLICIES = ROOT / "docs/reference/policies"


def documented(*names: str) -> Policy:
    """Return one policy with the statements of all that are named."""
    read = [json.loads((POLICIES / f"{name}.json").read_text("utf-8")) for name in names]
    return {
        "Version": read[0]["Version"],
        "Statement": [each for one in read for each in one["Statement"]],
    }


def actions_of(policy: Policy) -> list[str]:
    """Return every action of a policy, in its order."""
    return [action for statement in policy["Statement"] for action in listed(statement["Action"])]


def without(policy: Policy, action: str) -> Policy:
    """Return a policy that lacks one action."""
    return {**policy, "Statement": list(_without(policy["Statement"], action))}


def _without(statements: list[Statement], action: str) -> Iterator[Statement]:
    for statement in statements:
        left = [each for each in listed(statement["Action"]) if each != action]
        if left:
            yield {**statement, "Action": left}


def listed(one_or_more: str | list[str]) -> list[str]:
    """Return as a list what a policy may write without one."""
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more
