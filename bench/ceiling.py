"""The ceiling: one activity a host and nothing else, in the shape that the server carries fastest.

    python -m bench.ceiling --address HOST:PORT

A workflow runs batches of fifty hosts, four at once, as child workflows; a batch awaits a bare
activity on the queue of each of its hosts. No plan, no lock, no statuses, no sandbox. What the
server loses is repeated after as long as Rollway waits for a heartbeat.
"""

import argparse
import asyncio
import signal

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.hosts import BARE
from codedeploy.commands import host_queue
from codedeploy.fleet import BATCH_LIMIT
from codedeploy.pace import MOST_OPEN_BATCHES
from starter.server import NAMESPACE
from workflows.options import HEARTBEAT_LIMIT

QUEUE = "ceiling"


def batches(hosts: list[str]) -> list[list[str]]:
    """Return `hosts` in order, fifty at a time."""
    return [hosts[at : at + BATCH_LIMIT] for at in range(0, len(hosts), BATCH_LIMIT)]


@workflow.defn
class BareBatch:
    """One bare activity on each host, all at once."""

    @workflow.run
    async def run(self, hosts: list[str]) -> int:
        """Return how many hosts answered."""
        answers = await asyncio.gather(*(self._one(host) for host in hosts))
        return len(answers)

    async def _one(self, host: str) -> str:
        answer: str = await workflow.execute_activity(
            BARE,
            host,
            result_type=str,
            task_queue=host_queue(host),
            start_to_close_timeout=HEARTBEAT_LIMIT,
        )
        return answer


@workflow.defn
class BareFleet:
    """All hosts in batches, four open at a time."""

    @workflow.run
    async def run(self, hosts: list[str]) -> int:
        """Return how many hosts answered."""
        gate = asyncio.Semaphore(MOST_OPEN_BATCHES)
        counts = await asyncio.gather(
            *(self._batch(gate, *numbered) for numbered in enumerate(batches(hosts), start=1))
        )
        return sum(counts)

    async def _batch(self, gate: asyncio.Semaphore, number: int, hosts: list[str]) -> int:
        async with gate:
            return await workflow.execute_child_workflow(
                BareBatch.run, hosts, id=f"{workflow.info().workflow_id}/batch-{number}"
            )


async def serve(address: str) -> None:
    """Run these workflows until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(address, namespace=NAMESPACE)
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareBatch, BareFleet],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    asyncio.run(serve(parser.parse_args().address))
