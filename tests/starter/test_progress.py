"""What agents say while an event takes long."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from codedeploy.commands import Progress
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.target import TargetResult
from starter.progress import is_slow, with_progress
from tests.scenario import Scenario

START = LifecycleEvent.APPLICATION_START
WARMING_UP = Progress(event=START, last_output="warming up")


def busy(seconds: float, status: LifecycleEventStatus) -> TargetResult:
    begun = datetime.now(UTC) - timedelta(seconds=seconds)
    event = LifecycleEventResult(lifecycle_event_name=START, status=status, start_time=begun)
    return TargetResult(target_id="web-1", events=(event,))


def test_a_host_is_slow_when_its_event_is_under_way_for_long() -> None:
    assert is_slow(busy(60, LifecycleEventStatus.IN_PROGRESS))
    assert not is_slow(busy(0, LifecycleEventStatus.IN_PROGRESS))


def test_a_host_is_not_slow_between_events() -> None:
    assert not is_slow(busy(60, LifecycleEventStatus.SUCCEEDED))
    assert not is_slow(TargetResult(target_id="web-1"))


async def test_the_last_heartbeat_of_each_host_is_read(fleet: Scenario, temporal: Client) -> None:
    await fleet.of("web-1", "web-2")
    gate = fleet.holding("web-1", at=START)
    deployment_id = await fleet.start("v1", config="AllAtOnce")
    batch = temporal.get_workflow_handle(f"{deployment_id}/batch-1")
    results = [TargetResult(target_id=fleet.full(name)) for name in ("web-1", "web-2")]

    async def said() -> list[Progress | None]:
        told = await with_progress(results, batch, temporal.data_converter)
        return [result.progress for result in told]

    await fleet.hosts["web-1"].is_held.wait()
    async with asyncio.timeout(30):
        while await said() != [WARMING_UP, None]:
            await asyncio.sleep(0.05)
    gate.set()
    await fleet.ended(deployment_id)

    assert await said() == [None, None]
