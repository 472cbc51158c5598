"""Turning many failures into the few sentences a person needs."""

import re
from collections.abc import Iterable, Sequence

from codedeploy.target import TargetFailure
from codedeploy.wire import Model

NAMED_TARGETS = 5

_WORD = re.compile(r"[A-Za-z0-9_-]+(?:[+=,.@]+[A-Za-z0-9_-]+)*")
"""A word as names are made of: `web-1.example.com`, without the full stop that ends a sentence."""


class FailureGroup(Model):
    """Equal failures of several targets: `3 hosts: "port 8080 in use" in ValidateService`."""

    summary: str
    targets: tuple[str, ...]


def _cause(failure: TargetFailure) -> str:
    """Return what makes two failures equal: the words, not the host."""
    if failure.last_output:
        return failure.last_output
    name = failure.target_id
    return _WORD.sub(lambda word: "the host" if word[0] == name else word[0], failure.message)


def group_failures(failures: Iterable[TargetFailure]) -> tuple[FailureGroup, ...]:
    """Return equal failures together, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        key = (_cause(failure), failure.event or "")
        groups.setdefault(key, []).append(failure.target_id)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(
        FailureGroup(summary=_summary(cause, event, targets), targets=tuple(targets))
        for (cause, event), targets in ordered
    )


def _summary(cause: str, event: str, targets: Sequence[str]) -> str:
    hosts = targets[0] if len(targets) == 1 else f"{len(targets)} hosts"
    where = f" in {event}" if event else ""
    return f'{hosts}: "{cause}"{where}'


def named(targets: Sequence[str]) -> str:
    """Return the targets' names, the first few in full."""
    if len(targets) <= NAMED_TARGETS:
        return ", ".join(targets)
    return f"{', '.join(targets[:NAMED_TARGETS])} and {len(targets) - NAMED_TARGETS} more"


def health_constraints_message(
    failures: Sequence[TargetFailure], *, size: int, minimum_healthy: int, departed: int = 0
) -> str:
    """Return why too many instances failed, or left the fleet, with the causes first."""
    if not failures and not departed:
        return (
            f"No instance was deployed to: of {size} at least {max(1, minimum_healthy)} must stay "
            "healthy, and too many are out of service already. Bring them back first."
        )
    counts = ((len(failures), "failed"), (departed, "left the fleet meanwhile"))
    lost = " and ".join(f"{count} of {size} instances {what}" for count, what in counts if count)
    tally = f"{lost}, and at least {max(1, minimum_healthy)} must stay healthy."
    if not failures:
        return tally
    first = failures[0]
    if len(failures) == 1:
        return f"{first.message} {tally}"
    causes = "; ".join(group.summary for group in group_failures(failures)[:3])
    return f"{causes}. {tally} First: {first.message}"
