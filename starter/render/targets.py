"""The hosts of one deployment, one line each."""

from collections.abc import Sequence
from datetime import timedelta

from rich.text import Text

from codedeploy.lifecycle import LifecycleEvent, LifecycleEventStatus
from codedeploy.target import TargetResult
from starter.render.canvas import Canvas, duration
from starter.render.lines import Part, line, table
from starter.render.slow import doing
from starter.render.statuses import marked


def targets_view(targets: Sequence[TargetResult], canvas: Canvas) -> list[Text]:
    """Return where each host stands: its last event, the time its events took, its failure."""
    if not targets:
        return []
    has_fleets = any(target.instance_label for target in targets)
    rows = [_row(target, canvas, has_fleets=has_fleets) for target in targets]
    fleet = ("FLEET",) if has_fleets else ()
    header = ("HOST", *fleet, "STATUS", "EVENT", "EVENTS DONE", "TIME")
    return [line(""), *table(rows, header=header)]


def _row(target: TargetResult, canvas: Canvas, *, has_fleets: bool) -> list[Part]:
    events = [
        event
        for event in target.events
        if event.lifecycle_event_name is not LifecycleEvent.DEPLOYMENT_FAILED
    ]
    done = sum(event.status is LifecycleEventStatus.SUCCEEDED for event in events)
    failed_at = target.failure.event if target.failure else None
    return [
        target.target_id,
        *((target.instance_label or "-",) if has_fleets else ()),
        marked(target.status, canvas.glyphs),
        failed_at or target.current_event or "-",
        f"{done} of {len(events)}" if events else "-",
        _took(target, canvas),
        doing(target),
    ]


def _took(target: TargetResult, canvas: Canvas) -> str:
    lengths = [
        (event.end_time or canvas.now) - event.start_time
        for event in target.events
        if event.start_time
    ]
    return duration(sum(lengths, timedelta())) if lengths else "-"
