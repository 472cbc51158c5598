"""The hosts that keep a deployment waiting, one line each, and what they are at."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.target import TargetResult
from starter.render.canvas import Canvas
from starter.render.lines import Part, line, table
from starter.render.statuses import BUSY, HELD, QUIET

MOST_SLOW = 5


def slow_lines(targets: Sequence[TargetResult], canvas: Canvas) -> list[Text]:
    """Return the first few of `targets`: event, time, and what it waits for or last printed."""
    lines = table([_row(target, canvas) for target in targets[:MOST_SLOW]])
    if len(targets) > MOST_SLOW:
        lines.append(line((f"and {len(targets) - MOST_SLOW:,} more hosts take long", QUIET)))
    return lines


def _row(target: TargetResult, canvas: Canvas) -> list[Part]:
    since = target.busy_since
    return [
        (f"{canvas.glyphs.running} {target.target_id}", BUSY),
        target.current_event or "-",
        canvas.since(since) if since else "",
        doing(target),
    ]


def doing(target: TargetResult) -> Part:
    """Return what `target` waits for or what its script printed last; empty if it says nothing."""
    said = target.progress
    if said is None:
        return ""
    if said.waiting_behind:
        return f"waits behind {said.waiting_behind}", HELD
    return (f'"{said.last_output}"', QUIET) if said.last_output else ""
