"""Composition root of the control plane: settings, backends, activities, worker. No rules."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.agents import Agents
from activities.alarms import Alarms
from activities.appspecs import AppSpecs
from activities.auto_scaling_groups import AutoScalingGroups
from activities.aws import Aws
from activities.backends.file_store import FileStore
from activities.deployments import Deployments
from activities.directory import Directory
from activities.ecs_services import EcsServices
from activities.held_instances import HeldInstances, Rhythm
from activities.hooks import Hooks
from activities.lambda_functions import LambdaFunctions
from activities.leaving import leave
from activities.lifecycle_hooks import LifecycleHooks
from activities.listeners import Listeners
from activities.load_balancers import LoadBalancers
from activities.registrations import Registrations
from activities.revisions import Revisions
from codedeploy.errors import ServerUnreachable
from starter.connection import connect
from workflows import registry
from workflows.options import CONTROL_QUEUE

Activity = Callable[..., Any]

THREADS = 16
STICKY_LIMIT = timedelta(seconds=2)
"""How long a dead worker's deployments wait before another worker takes them up."""


def build(
    client: Client,
    store: Path,
    executor: ThreadPoolExecutor,
    *,
    aws: Aws | None = None,
    rhythm: Rhythm | None = None,
) -> Worker:
    """Return the control plane's worker; bundles are kept under `store`.

    Args:
        client: Of the namespace to work in.
        store: A directory.
        executor: Runs what blocks.
        aws: Whose clients to use; by default those that the process finds.
        rhythm: How often Auto Scaling groups are looked at.
    """
    return Worker(
        client,
        task_queue=CONTROL_QUEUE,
        workflows=registry.ALL,
        workflow_runner=registry.runner(),
        activities=activities_of(client, FileStore(store), aws or Aws(), rhythm),
        activity_executor=executor,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


def activities_of(
    client: Client, store: FileStore, aws: Aws, rhythm: Rhythm | None = None
) -> list[Activity]:
    """Return everything that workflows may ask of the control plane; see `build`."""
    return [*_own_activities(client, store, aws), *_aws_activities(aws, rhythm)]


def _own_activities(client: Client, store: FileStore, aws: Aws) -> list[Activity]:
    """Return what is done with revisions, hosts, and through Temporal itself."""
    directory, deployments = Directory(client, aws), Deployments(client)
    return [
        Revisions(store).pin,
        AppSpecs(store).pin,
        directory.find_hosts,
        directory.find_departed,
        directory.load_config,
        deployments.load_group,
        deployments.load_plan,
        deployments.finish_termination,
        deployments.cancel,
        Agents(directory).until_present,
        Registrations(client, aws).deregister_terminated,
    ]


def _aws_activities(aws: Aws, rhythm: Rhythm | None) -> list[Activity]:
    """Return what is done on AWS; nothing is asked there before the first call."""
    functions, alarms, services = LambdaFunctions(aws), Alarms(aws), EcsServices(aws)
    balancers = LoadBalancers(aws)
    return [
        *_scaling_activities(aws, rhythm),
        functions.look,
        functions.route,
        Hooks(aws).call,
        alarms.look,
        alarms.watch,
        services.look,
        services.create_replacement,
        services.until_steady,
        services.make_primary,
        services.delete,
        Listeners(aws).route,
        balancers.look,
        balancers.block,
        balancers.allow,
    ]


def _scaling_activities(aws: Aws, rhythm: Rhythm | None) -> list[Activity]:
    """Return what is done with Auto Scaling groups and their instances."""
    groups, hooks = AutoScalingGroups(aws), LifecycleHooks(aws)
    held = HeldInstances(aws, rhythm=rhythm)
    return [
        groups.look,
        groups.copy,
        groups.until_in_service,
        groups.settle,
        groups.attach,
        groups.detach,
        groups.suspend,
        groups.resume,
        groups.delete,
        groups.retire,
        groups.terminate,
        groups.replace_others,
        hooks.check,
        hooks.check_room,
        hooks.repair,
        hooks.keep,
        hooks.remove,
        held.wait,
        held.complete,
    ]


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
    leave(0)


if __name__ == "__main__":
    main()
