"""What a segment says of itself, while it runs and when it has ended."""

from dataclasses import dataclass

from agent.interruption import Wish
from codedeploy.commands import LifecycleReport
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult
from codedeploy.wire import Model


class Progress(Model):
    """What a segment is doing, for whoever watches the activity.

    Attributes:
        waiting_behind: The deployment that has the host; empty once it is our turn.
    """

    event: LifecycleEvent | None = None
    last_output: str = ""
    waiting_behind: str = ""


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
