"""A schedule of seconds, on the real server: what an outage makes of it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from codedeploy.traffic import Shift, TrafficMove
from codedeploy.wire import Model
from workflows.shifting import Shifting

INTERVAL, OUTAGE = timedelta(seconds=3), timedelta(seconds=9)
QUEUE = "shifts"


class Walked(Model):
    """What a walk came to.

    Attributes:
        moves: When traffic was moved.
        looks: How often somebody looked around.
    """

    moves: tuple[TrafficMove, ...]
    looks: int


@workflow.defn
class ShiftsWorkflow:
    """Moves traffic that is nobody's."""

    def __init__(self) -> None:
        self._looks = 0
        self._moved = 0

    @workflow.run
    async def run(self, schedule: list[Shift]) -> Walked:
        shifting = Shifting(
            tuple(schedule),
            self._route,
            may_start=self._may_start,
            look_around=self._look_around,
            changed=lambda: None,
        )
        await shifting.walk()
        return Walked(moves=shifting.progress.moves, looks=self._looks)

    @workflow.query
    def moved(self) -> int:
        return self._moved

    async def _route(self, percent: int) -> None:
        self._moved = percent

    async def _may_start(self, number: int) -> None:
        pass

    async def _look_around(self) -> None:
        self._looks += 1


@pytest.fixture(scope="module")
async def walked(temporal: Client) -> Walked:
    """Walk four shifts; an outage comes after the first and ends when three are overdue."""
    schedule = [Shift(percent=25), *(Shift(percent=n, wait=INTERVAL) for n in (50, 75, 100))]
    async with shifts_worker(temporal):
        walk = await temporal.start_workflow(
            ShiftsWorkflow.run, schedule, id=f"shifts-{uuid4().hex}", task_queue=QUEUE
        )
        while await walk.query(ShiftsWorkflow.moved) < 25:
            await asyncio.sleep(0.02)
    await asyncio.sleep(OUTAGE.total_seconds())
    async with shifts_worker(temporal):
        return await walk.result()


def shifts_worker(temporal: Client) -> Worker:
    return Worker(
        temporal,
        task_queue=QUEUE,
        workflows=[ShiftsWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


async def test_the_intervals_of_overdue_shifts_are_kept(walked: Walked) -> None:
    first, second, third, fourth = (move.time for move in walked.moves)

    assert second - first >= OUTAGE
    assert third - second >= 0.9 * INTERVAL
    assert fourth - third >= 0.9 * INTERVAL


async def test_somebody_looks_around_before_what_is_overdue_and_only_then(walked: Walked) -> None:
    assert walked.looks == 1
