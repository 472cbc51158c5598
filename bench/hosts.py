"""Many simulated hosts in one process: real workers on real host queues, whose scripts do nothing.

python -m bench.hosts --address HOST:PORT --count 1000
"""

import argparse
import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from codedeploy.commands import (
    RUN_LIFECYCLE_EVENTS,
    LifecycleCommand,
    LifecycleReport,
    host_queue,
)
from codedeploy.identifiers import instance_workflow_id
from codedeploy.instance import INSTANCE_WORKFLOW, InstanceRegistration, Tag
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from starter.server import NAMESPACE
from workflows.options import CONTROL_QUEUE

BARE = "bare"
TAG = Tag(key="role", value="bench")
_REGISTERED_AT_ONCE = 20


def names(count: int) -> list[str]:
    """Return the names of `count` hosts."""
    return [f"host-{number:05d}" for number in range(1, count + 1)]


@activity.defn(name=RUN_LIFECYCLE_EVENTS)
async def run_lifecycle_events(command: LifecycleCommand) -> LifecycleReport:
    """Report success of every event at once."""
    return LifecycleReport(events=tuple(_succeeded(event) for event in command.events))


@activity.defn(name=BARE)
async def bare(name: str) -> str:
    """Do nothing: the least that anything on a host can cost."""
    return name


def _succeeded(event: LifecycleEvent) -> LifecycleEventResult:
    now = datetime.now(UTC)
    return LifecycleEventResult(
        lifecycle_event_name=event,
        status=LifecycleEventStatus.SUCCEEDED,
        start_time=now,
        end_time=now,
    )


async def _register(client: Client, name: str, gate: asyncio.Semaphore) -> None:
    async with gate:
        await client.start_workflow(
            INSTANCE_WORKFLOW,
            InstanceRegistration(name=name, tags=(TAG,)),
            id=instance_workflow_id(name),
            task_queue=CONTROL_QUEUE,
        )


def _worker(client: Client, name: str) -> Worker:
    return Worker(
        client,
        task_queue=host_queue(name),
        activities=[run_lifecycle_events, bare],
        max_concurrent_activities=1,
        max_concurrent_activity_task_polls=1,
    )


async def serve(address: str, count: int) -> None:
    """Be `count` hosts until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(
        address, namespace=NAMESPACE, data_converter=pydantic_data_converter
    )
    gate = asyncio.Semaphore(_REGISTERED_AT_ONCE)
    await asyncio.gather(*(_register(client, name, gate) for name in names(count)))
    async with AsyncExitStack() as running:
        for name in names(count):
            await running.enter_async_context(_worker(client, name))
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.address, given.count))
