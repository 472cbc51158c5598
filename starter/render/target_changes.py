"""What changed on the one target of a deployment that moves traffic: a line a shift or event."""

from collections.abc import Iterator

from codedeploy.deployment import DeploymentInfo
from codedeploy.lifecycle import LifecycleEventStatus
from starter.render.canvas import Canvas, duration
from starter.render.events import took
from starter.render.statuses import word
from starter.render.traffic import replacement_of, timeline_of

_ENDED = (LifecycleEventStatus.SUCCEEDED, LifecycleEventStatus.FAILED)


def target_sentences(
    before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas
) -> Iterator[str]:
    """Yield the events that began or ended, the shifts, and what the deployment says of itself."""
    yield from _event_sentences(before, after, canvas)
    yield from _shift_sentences(before, after, canvas)
    yield from after.deployment_status_messages[len(before.deployment_status_messages) :]


def _event_sentences(
    before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas
) -> Iterator[str]:
    known = {
        event.lifecycle_event_name: event.status
        for event in (before.target.events if before.target else ())
    }
    for event in after.target.events if after.target else ():
        name, status = event.lifecycle_event_name, event.status
        if known.get(name) is status:
            continue
        if status in _ENDED:
            yield f"{name}: {word(status)} in {took(event, canvas) or '0s'}"
        elif status is LifecycleEventStatus.IN_PROGRESS:
            yield f"{name}: started"


def _shift_sentences(
    before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas
) -> Iterator[str]:
    known = len(before.traffic.moves) if before.traffic else 0
    moves = after.traffic.moves[known:] if after.traffic else ()
    for move in moves:
        outlook = _outlook(after, canvas) if move is moves[-1] else ""
        yield f"traffic {move.percent}% to {replacement_of(after)}{outlook}"


def _outlook(info: DeploymentInfo, canvas: Canvas) -> str:
    """Return what comes next, behind a semicolon."""
    shifts = timeline_of(info, canvas)
    if shifts.is_put_back:
        return "; put back: the original has everything"
    if not shifts.ahead or not shifts.is_certain:
        return ""
    upcoming, last = shifts.ahead[0], shifts.ahead[-1]
    left = duration(last.at - canvas.now)
    return f"; next {upcoming.percent}% at {canvas.clock(upcoming.at)}, 100% in {left}"
