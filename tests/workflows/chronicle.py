"""What the history of a deployment tells of time, which its workflow may have measured wrongly."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio.api.history.v1 import HistoryEvent

from tests.workflows.fake_aws import Told
from tests.workflows.time_machine import Running


async def timers(running: Running) -> list[datetime]:
    """Return when each timer of a deployment was to fire."""
    due = []
    async for now, event in _clocked(running):
        if event.HasField("timer_started_event_attributes"):
            span = event.timer_started_event_attributes.start_to_fire_timeout
            due.append(now + span.ToTimedelta())
    return due


async def decided(running: Running, call: Told) -> datetime:
    """Return the time by the workflow's clock when it decided to make a call of AWS."""
    async for now, event in _clocked(running):
        if event.activity_task_scheduled_event_attributes.activity_id == call.activity_id:
            return now
    raise AssertionError(f"{call} is not in the history")


async def limits(running: Running, activity: str) -> list[timedelta]:
    """Return how long each call of an activity might take with all its attempts."""
    scheduled = [
        event.activity_task_scheduled_event_attributes async for _, event in _clocked(running)
    ]
    return [
        one.schedule_to_close_timeout.ToTimedelta()
        for one in scheduled
        if one.activity_type.name == activity
    ]


async def _clocked(running: Running) -> AsyncIterator[tuple[datetime, HistoryEvent]]:
    """Yield the events, each with the time by the workflow's own clock."""
    now = datetime.min
    for event in (await running.fetch_history()).events:
        if event.HasField("workflow_task_started_event_attributes"):
            now = _time_of(event)
        yield now, event


def _time_of(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)
