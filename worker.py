"""Composition root of the control plane: settings, backends, activities, worker. No rules."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import Worker

from activities.backends.file_store import FileStore
from activities.deployments import Deployments
from activities.directory import Directory
from activities.revisions import Revisions
from codedeploy.errors import ServerUnreachable
from starter.connection import connect
from starter.leaving import leave_at_once
from workflows import registry
from workflows.options import CONTROL_QUEUE

THREADS = 16
STICKY_LIMIT = timedelta(seconds=2)
"""How long a dead worker's deployments wait before another worker takes them up."""


def build(client: Client, store: Path, executor: ThreadPoolExecutor) -> Worker:
    """Return the control plane's worker; bundles are kept under `store`."""
    revisions = Revisions(FileStore(store))
    directory = Directory(client)
    deployments = Deployments(client)
    return Worker(
        client,
        task_queue=CONTROL_QUEUE,
        workflows=registry.ALL,
        workflow_runner=registry.runner(),
        activities=[
            revisions.pin,
            directory.find_hosts,
            directory.load_config,
            deployments.load_group,
            deployments.load_plan,
            deployments.cancel,
        ],
        activity_executor=executor,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def serve(address: str | None, namespace: str | None, store: Path) -> None:
    """Connect as flags, environment or profile say, and work until SIGTERM or SIGINT.

    Raises:
        ServerUnreachable: Nothing answers there.
    """
    client = await connect(address, namespace)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(THREADS) as executor:
        async with build(client, store, executor):
            where = f"{client.namespace} at {client.service_client.config.target_host}"
            print(f"worker ready: {where}", flush=True)  # noqa: T201
            await stop.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the worker as a process of its own."""
    parser = argparse.ArgumentParser(prog="worker", description=__doc__)
    parser.add_argument("--address", help="default: TEMPORAL_ADDRESS, a profile, or loopback")
    parser.add_argument("--namespace", help="default: TEMPORAL_NAMESPACE, a profile, or rollway")
    parser.add_argument("--store", type=Path, default=Path.home() / ".rollway" / "bundles")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(serve(options.address, options.namespace, options.store))
    except ServerUnreachable as error:
        sys.exit(f"error: {error.message}")
    leave_at_once(0)


if __name__ == "__main__":
    main()
