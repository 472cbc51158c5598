"""The lifecycle events of the one target of a deployment to a function or a service."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo
from codedeploy.lifecycle import (
    ECS,
    LAMBDA,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from starter.render.canvas import Canvas, duration
from starter.render.lines import Part, table
from starter.render.statuses import glyph, word

_ONLY_WITH_A_TEST_LISTENER = frozenset(
    {LifecycleEvent.ALLOW_TEST_TRAFFIC, LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC}
)


def event_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return one line an event: where it stands and how long it took."""
    if info.target is None:
        return []
    rows = [_row(event, canvas) for event in (*info.target.events, *_to_come(info))]
    return table(rows, header=("", "EVENT", "STATE", "TIME"))


def _to_come(info: DeploymentInfo) -> list[LifecycleEventResult]:
    """Return the events that the target has not come to; those of a test listener may never."""
    begun: Sequence[LifecycleEventResult] = info.target.events if info.target else ()
    flow = LAMBDA if info.compute_platform is ComputePlatform.LAMBDA else ECS
    names = {event.lifecycle_event_name for event in begun}
    reached = max((flow.index(name) for name in names if name in flow), default=-1)
    return [
        LifecycleEventResult(lifecycle_event_name=event)
        for event in flow[reached + 1 :]
        if event not in _ONLY_WITH_A_TEST_LISTENER and not info.status.is_final
    ]


def _row(event: LifecycleEventResult, canvas: Canvas) -> list[Part]:
    sign, style = glyph(event.status, canvas.glyphs)
    is_pending = event.status is LifecycleEventStatus.PENDING
    state = "to come" if is_pending else word(event.status)
    return [(sign, style), event.lifecycle_event_name, state, took(event, canvas)]


def took(event: LifecycleEventResult, canvas: Canvas) -> str:
    """Return how long `event` took, or has taken so far."""
    if event.start_time is None:
        return ""
    return duration((event.end_time or canvas.now) - event.start_time)
