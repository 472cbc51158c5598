"""What traffic control costs that is ours: everything but the load balancer's own delays.

    python -m bench.traffic [--rounds 7]

A HAProxy that checks nothing and has no clients takes servers out of service and back at once, so
that nothing of what is measured is its own. A batch of 50 simulated hosts, whose scripts do
nothing, is deployed to with and without traffic control by turns, and `bench.ceiling` shows what
the same server and hosts need for one bare activity each. Seconds are from the request to
the close of the deployment, planning included. The best of the rounds is what the work takes, and
the median what the machine's mood makes of it; what is ours is the difference between the two
groups. Calls of load balancers are counted for other fleets too: at HAProxy by itself, in real
deployments; at a target group of the AWS emulator by the worker's client.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from rich.console import Console
from rich.table import Table
from temporalio.api.history.v1 import HistoryEvent

from bench import fleet, traffic_calls
from bench.ceiling import batches
from bench.hosts import TAG, names
from bench.rig import APPLICATION, GROUP, Rig, rig
from codedeploy.deployment_group import (
    DeploymentGroup,
    DeploymentOption,
    DeploymentStyle,
    TagFilter,
)
from codedeploy.fleet import BATCH_LIMIT
from codedeploy.load_balancing import LoadBalancerInfo
from tests.activities.proxied_servers import Proxied, haproxy

BEHIND = "behind"
"""The group of the same hosts with traffic control."""

SIZES = (10, BATCH_LIMIT, 10 * BATCH_LIMIT)
_TRAFFIC = ("block_traffic", "allow_traffic")
_DISCARD = "127.0.0.1:9"
"""Where servers are said to be; nobody asks them anything."""


@dataclass(frozen=True)
class Run:
    """One deployment.

    Attributes:
        seconds: From the request to the close.
        told: Of these, how long load balancers were told and asked, all batches together.
        calls: What HAProxy was asked.
    """

    seconds: float
    told: float = 0
    calls: int = 0


@dataclass(frozen=True)
class Site:
    """Simulated hosts, and a HAProxy in front of them."""

    rig: Rig
    proxied: Proxied
    labels: list[str]

    async def deploy(self, group: str) -> Run:
        """Deploy to a group, and return what it took."""
        self.labels.append(f"v{len(self.labels) + 1}")
        request = self.rig.request(self.labels[-1])
        calls = self.proxied.connections()
        began = time.time()
        deployment_id = await self.rig.rollway.deploy(
            request.model_copy(update={"deployment_group_name": group})
        )
        workflow = self.rig.rollway.temporal.get_workflow_handle(deployment_id)
        await workflow.result()
        closed = (await workflow.describe()).close_time
        assert closed is not None
        await self._until_free(group)
        return Run(
            seconds=closed.timestamp() - began,
            told=await self._told(deployment_id),
            # The last one is the question itself.
            calls=self.proxied.connections() - calls - 1,
        )

    async def _until_free(self, group: str) -> None:
        """Wait until the group has noticed the end, so that the next deployment may start."""
        while (await self.rig.rollway.group(APPLICATION, group)).active:
            await asyncio.sleep(0.05)

    async def _told(self, deployment_id: str) -> float:
        took = timedelta()
        for number, _ in enumerate(batches(self.rig.hosts), start=1):
            batch = f"{deployment_id}/batch-{number}"
            history = self.rig.rollway.temporal.get_workflow_handle(batch).fetch_history_events()
            took += _time_in_traffic([event async for event in history])
        return took.total_seconds()


def _time_in_traffic(history: list[HistoryEvent]) -> timedelta:
    """Return how long a batch's activities at load balancers took, from order to answer."""
    ordered = {
        event.event_id: event.event_time.ToDatetime()
        for event in history
        if event.activity_task_scheduled_event_attributes.activity_type.name in _TRAFFIC
    }
    answered = [
        (event.activity_task_completed_event_attributes.scheduled_event_id, event.event_time)
        for event in history
    ]
    spans = [at.ToDatetime() - ordered[order] for order, at in answered if order in ordered]
    return sum(spans, timedelta())


@asynccontextmanager
async def site(count: int) -> AsyncIterator[Site]:
    """Run `count` hosts behind a HAProxy for the length of the block."""
    with haproxy(*(f"{name} {_DISCARD}" for name in names(count))) as proxied:
        async with rig(count) as whole:
            await whole.rollway.apply([_group_behind(proxied)])
            made = Site(whole, proxied, [])
            for group in (GROUP, BEHIND):
                await made.deploy(group)  # the first brings what the others find
            yield made


def _group_behind(proxied: Proxied) -> DeploymentGroup:
    return DeploymentGroup(
        application_name=APPLICATION,
        deployment_group_name=BEHIND,
        on_premises_instance_tag_filters=(TagFilter(key=TAG.key, value=TAG.value),),
        deployment_style=DeploymentStyle(deployment_option=DeploymentOption.WITH_TRAFFIC_CONTROL),
        load_balancer_info=LoadBalancerInfo(ha_proxy_info_list=(proxied.info(),)),
    )


async def measure(rounds: int) -> Table:
    """Return the table of what a batch costs; both groups take turns."""
    async with site(BATCH_LIMIT) as batch:
        rows: list[tuple[Run, Run, Run]] = []
        for _ in range(rounds):
            bare = Run((await fleet.ceiling(batch.rig)).seconds)
            rows.append((bare, await batch.deploy(GROUP), await batch.deploy(BEHIND)))
    return cost(*(list(runs) for runs in zip(*rows, strict=True)))


def cost(bare: list[Run], plain: list[Run], behind: list[Run]) -> Table:
    """Return the table of a batch with and without traffic control."""
    without, controlled = _seconds(plain), _seconds(behind)
    ours, told = controlled.minus(without), _spread([run.told for run in behind])
    table = Table("a batch of 50", "best s", "median s", "times", title=f"{len(plain)} rounds")
    for what, spread in (
        ("without traffic control", without),
        ("with", controlled),
        ("ours: the difference", ours),
        ("  load balancers, told and asked", told),
        ("  hosts, which get work in three pieces, not one", ours.minus(told)),
        ("for comparison: a bare activity on each host", _seconds(bare)),
    ):
        ratio = f"{spread.best / without.best:.2f}"
        table.add_row(what, f"{spread.best:.2f}", f"{spread.median:.2f}", ratio)
    table.caption = "times the same batch without traffic control, by the best rounds"
    return table


@dataclass(frozen=True)
class _Spread:
    best: float
    median: float

    def minus(self, other: "_Spread") -> "_Spread":
        return _Spread(self.best - other.best, self.median - other.median)


def _seconds(runs: list[Run]) -> _Spread:
    return _spread([run.seconds for run in runs])


def _spread(seconds: list[float]) -> _Spread:
    return _Spread(min(seconds), median(seconds))


async def count_calls() -> Table:
    """Return the table of calls for fleets of several sizes."""
    table = Table("instances", "batches", "HAProxy", "target group", title="Calls a deployment")
    asked = traffic_calls.at_target_group(SIZES)
    for size in SIZES:
        async with site(size) as whole:
            run = await whole.deploy(BEHIND)
        of_batches = len(batches(names(size)))
        table.add_row(f"{size}", f"{of_batches}", f"{run.calls}", f"{await anext(asked)}")
    return table


async def main(rounds: int) -> None:
    """Measure, and print the tables."""
    console = Console()
    console.print(await measure(rounds))
    console.print(await count_calls())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    asyncio.run(main(parser.parse_args().rounds))
