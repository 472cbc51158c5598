"""How fast a fleet is deployed to, beside the fastest that the same server carries.

    python -m bench.fleet [--hosts 50 200 1000] [--repeats 3] [--watched]

Hosts are simulated: real workers on real host queues whose scripts do nothing, so that what is
measured is the orchestration. Rollway and the ceiling (`bench.ceiling`) take turns on one server;
a deployment counts from the request to the close of its workflow, planning included. Rates are
medians, and the ratio is the median of the ratios of neighbouring runs: the machine's mood cancels.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from bench import agent_memory
from bench.ceiling import QUEUE, BareFleet, batches
from bench.rig import Meter, Rig, rig
from starter.client import Rollway

_HEADINGS = (
    *("hosts", "", "hosts/s", "of ceiling"),
    *("server ms", "worker ms", "events", "KB", "lost"),
)

Start = Callable[[], Awaitable[WorkflowHandle[Any, Any]]]


@dataclass(frozen=True)
class Run:
    """What it took to do something on every host once.

    Attributes:
        server_seconds: Processor time of the Temporal server.
        worker_seconds: Processor time of the worker that ran the workflows.
        events: Of the histories of the workflow and its batches.
        history_bytes: Their size.
        lost: Activities the server counted as started and no host ever saw; they were repeated.
    """

    hosts: int
    seconds: float
    server_seconds: float
    worker_seconds: float
    events: int
    history_bytes: int
    lost: int

    @property
    def rate(self) -> float:
        """Hosts a second."""
        return self.hosts / self.seconds


@dataclass(frozen=True)
class Size:
    """All runs on one size of fleet, and the memory before and after."""

    hosts: int
    ceiling: list[Run]
    rollway: list[Run]
    before: dict[str, float]
    after: dict[str, float]

    @property
    def ratio(self) -> float:
        """How much of the ceiling Rollway reaches."""
        pairs = zip(self.rollway, self.ceiling, strict=True)
        return median(ours.rate / bare.rate for ours, bare in pairs)


async def timed(rig: Rig, start: Start, *, worker: Meter) -> Run:
    """Start a workflow, wait for its end, and return what it took."""
    server_before, worker_before = rig.server.cpu_seconds, worker.cpu_seconds
    began = datetime.now(UTC)
    handle = await start()
    await handle.result()
    server_after, worker_after = rig.server.cpu_seconds, worker.cpu_seconds
    closed = (await handle.describe()).close_time
    assert closed is not None
    histories = await _histories(rig, handle.id)
    return Run(
        hosts=len(rig.hosts),
        seconds=(closed - began).total_seconds(),
        server_seconds=server_after - server_before,
        worker_seconds=worker_after - worker_before,
        events=sum(len(events) for events in histories),
        history_bytes=sum(event.ByteSize() for events in histories for event in events),
        lost=sum(_is_repeated(event) for events in histories for event in events),
    )


async def _histories(rig: Rig, workflow_id: str) -> list[list[HistoryEvent]]:
    """Return the events of a workflow and of each of its batches."""
    numbers = range(1, len(batches(rig.hosts)) + 1)
    ids = [workflow_id, *(f"{workflow_id}/batch-{number}" for number in numbers)]
    handles = [rig.rollway.temporal.get_workflow_handle(one) for one in ids]
    return [[event async for event in handle.fetch_history_events()] for handle in handles]


def _is_repeated(event: HistoryEvent) -> bool:
    return event.activity_task_started_event_attributes.attempt > 1


async def ceiling(rig: Rig) -> Run:
    """Run a bare activity on every host."""

    async def start() -> WorkflowHandle[Any, Any]:
        return await rig.rollway.temporal.start_workflow(
            BareFleet.run, rig.hosts, id=f"ceiling-{uuid4()}", task_queue=QUEUE
        )

    return await timed(rig, start, worker=rig.bare_worker)


async def deployment(rig: Rig, label: str, *, is_watched: bool) -> Run:
    """Deploy to every host through Rollway, perhaps with somebody watching."""
    async with AsyncExitStack() as watching:

        async def start() -> WorkflowHandle[Any, Any]:
            deployment_id = await rig.rollway.deploy(rig.request(label))
            if is_watched:
                watcher = asyncio.create_task(_watch(rig.rollway, deployment_id))
                watching.push_async_callback(lambda: watcher)
            return rig.rollway.temporal.get_workflow_handle(deployment_id)

        run = await timed(rig, start, worker=rig.worker)
    await _until_free(rig)
    return run


async def _watch(rollway: Rollway, deployment_id: str) -> None:
    async for _ in rollway.watch(deployment_id):
        pass


async def _until_free(rig: Rig) -> None:
    """Wait until the group has noticed the end, so that the next deployment may start."""
    request = rig.request("v1")
    while (await rig.rollway.group(request.application_name, request.deployment_group_name)).active:
        await asyncio.sleep(0.05)


async def measure(count: int, *, repeats: int, is_watched: bool) -> Size:
    """Measure one size of fleet; the two take turns."""
    async with rig(count) as whole:
        before = _memory(whole)
        bare, ours = [], []
        for number in range(repeats):
            bare.append(await ceiling(whole))
            ours.append(await deployment(whole, f"v{number + 1}", is_watched=is_watched))
        return Size(count, bare, ours, before, _memory(whole))


def _memory(rig: Rig) -> dict[str, float]:
    return {
        "server": rig.server.resident_mb,
        "worker": rig.worker.resident_mb,
        "hosts": rig.hosts_process.resident_mb,
    }


def speed(sizes: list[Size]) -> Table:
    """Return the table of rates, and of what a host costs."""
    table = Table(title="Deployments, AllAtOnce, scripts that do nothing")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for size in sizes:
        table.add_row(f"{size.hosts}", "ceiling", *_row(size.ceiling, ""))
        table.add_row("", "Rollway", *_row(size.rollway, f"{size.ratio:.0%}"), end_section=True)
    table.caption = "milliseconds of processor time, history events and kilobytes: a host"
    return table


def _row(runs: list[Run], ratio: str) -> tuple[str, ...]:
    return (
        f"{median(run.rate for run in runs):.0f}",
        ratio,
        f"{median(1000 * run.server_seconds / run.hosts for run in runs):.1f}",
        f"{median(1000 * run.worker_seconds / run.hosts for run in runs):.1f}",
        f"{median(run.events / run.hosts for run in runs):.1f}",
        f"{median(run.history_bytes / run.hosts / 1000 for run in runs):.1f}",
        f"{sum(run.lost for run in runs)}",
    )


def memory(sizes: list[Size]) -> Table:
    """Return the table of resident memory."""
    table = Table("hosts", "server", "worker", "all simulated hosts", title="Resident memory, MB")
    for size in sizes:
        cells = (f"{size.before[name]:.0f} → {size.after[name]:.0f}" for name in size.before)
        table.add_row(f"{size.hosts}", *cells)
    table.caption = "idle before the first run → after the last one"
    return table


async def main(counts: list[int], *, repeats: int, is_watched: bool) -> None:
    """Measure every size and an idle agent, and print the tables."""
    console = Console()
    sizes = []
    for count in counts:
        with console.status(f"{count} hosts"):
            sizes.append(await measure(count, repeats=repeats, is_watched=is_watched))
    console.print(speed(sizes), memory(sizes))
    with console.status("an idle agent"):
        agent = await agent_memory.measure()
    console.print(agent_memory.table(agent))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--watched", action="store_true", help="follow each deployment meanwhile")
    given = parser.parse_args()
    asyncio.run(main(given.hosts, repeats=given.repeats, is_watched=given.watched))
