"""How a segment ended."""

from dataclasses import dataclass

from agent.interruption import Wish
from codedeploy.commands import LifecycleReport
from codedeploy.lifecycle import LifecycleEventResult


@dataclass(frozen=True)
class Outcome:
    """How a segment ended on this host.

    Attributes:
        report: What became of every event of the command.
        failure: The event whose failure ended the segment; None if none did.
        wish: Why the segment ended before its last event; None if it did not.
    """

    report: LifecycleReport
    failure: LifecycleEventResult | None = None
    wish: Wish | None = None
