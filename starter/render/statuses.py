"""The glyph, the colour and the word of every status."""

from collections.abc import Mapping
from operator import attrgetter

from codedeploy.deployment import BatchStatus, DeploymentStatus
from codedeploy.lifecycle import LifecycleEventStatus
from codedeploy.target import TargetStatus
from starter.render.canvas import Glyphs

GOOD, BAD, BUSY, HELD, QUIET = "green", "red", "cyan", "yellow", "dim"

_LOOKS: Mapping[str, tuple[str, str]] = {
    DeploymentStatus.CREATED: ("untouched", QUIET),
    DeploymentStatus.QUEUED: ("waiting", HELD),
    DeploymentStatus.IN_PROGRESS: ("running", BUSY),
    DeploymentStatus.BAKING: ("waiting", BUSY),
    DeploymentStatus.READY: ("waiting", HELD),
    DeploymentStatus.SUCCEEDED: ("succeeded", GOOD),
    DeploymentStatus.FAILED: ("failed", BAD),
    DeploymentStatus.STOPPED: ("stopped", HELD),
    TargetStatus.PENDING: ("untouched", QUIET),
    TargetStatus.SKIPPED: ("untouched", QUIET),
    TargetStatus.UNKNOWN: ("untouched", QUIET),
    BatchStatus.DONE: ("succeeded", GOOD),
}
"""Statuses of the same spelling look the same, whatever they are the status of."""

Status = DeploymentStatus | TargetStatus | BatchStatus | LifecycleEventStatus


def glyph(status: Status, glyphs: Glyphs) -> tuple[str, str]:
    """Return the sign of `status` and its style."""
    name, style = _LOOKS[status]
    return str(attrgetter(name)(glyphs)), style


def word(status: Status) -> str:
    """Return `status` in lower case words: `in progress`.

    >>> word(DeploymentStatus.IN_PROGRESS)
    'in progress'
    """
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in status)[1:]


def marked(status: Status, glyphs: Glyphs) -> tuple[str, str]:
    """Return sign and word of `status`, with its style."""
    sign, style = glyph(status, glyphs)
    return f"{sign} {word(status)}", style
