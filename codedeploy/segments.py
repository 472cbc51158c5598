"""Cutting a flow of lifecycle events into pieces of work for one host.

Every piece is one activity. Small fleets get a piece an event, so that a timeline shows each
lifecycle event; large fleets get consecutive host-side events fused, which is several times
faster. Traffic events belong to the control plane and always cut.
"""

from collections.abc import Sequence
from itertools import groupby

from codedeploy.lifecycle import LifecycleEvent

SMALL_FLEET = 20

CONTROL_PLANE_EVENTS = frozenset({LifecycleEvent.BLOCK_TRAFFIC, LifecycleEvent.ALLOW_TRAFFIC})

Segment = tuple[LifecycleEvent, ...]


def segments(flow: Sequence[LifecycleEvent], fleet_size: int) -> tuple[Segment, ...]:
    """Return `flow` in order, cut for a fleet of `fleet_size` instances."""
    if fleet_size <= SMALL_FLEET:
        return tuple((event,) for event in flow)
    runs = groupby(flow, lambda event: event if event in CONTROL_PLANE_EVENTS else None)
    return tuple(tuple(run) for _, run in runs)
