"""One agent process: its lock, its signals, and the worker that polls its host's queue."""

import asyncio
import logging
import signal
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from agent.activities import HostActivities
from agent.connection import connect, quiet_runtime, register
from agent.hooks import Place
from agent.interruption import Interrupted, Interruption, Wish, on_thread
from agent.layout import Layout
from agent.lifecycle import Host
from agent.lock import exclusive
from agent.settings import Settings
from codedeploy.commands import host_queue

_CONCURRENT_COMMANDS = 200
"""Far more than deploy to one host at once: those that wait for their turn hold up no log."""

_SHUTDOWN_GRACE = timedelta(seconds=30)
_HEARTBEAT_THROTTLE = timedelta(seconds=2)
_RETRY_SECONDS = 2

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Be the agent of this host, and write on standard error what happens, until a signal.

    Raises:
        RollwayError: The agent cannot start.
    """
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Be the agent of this host until SIGTERM or SIGINT; running scripts then go on.

    Raises:
        RollwayError: The agent cannot start.
    """
    leaving = Interruption()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.speak, Wish.LEAVE)
    with exclusive(settings.root):
        host = Host(_place(settings))
        await on_thread(host.recover)
        try:
            await _serve(host, settings, leaving=leaving)
        except Interrupted:
            logger.info("%s: stopped; scripts under way go on", settings.name)


def _place(settings: Settings) -> Place:
    return Place(
        name=settings.name,
        layout=Layout(settings.root),
        destination_root=settings.destination_root,
        environment=settings.environment,
        unpack_limits=settings.unpack_limits,
        most_output_bytes=settings.most_output_bytes,
    )


async def _serve(host: Host, settings: Settings, *, leaving: Interruption) -> None:
    runtime = quiet_runtime()  # One for all connections: each has threads of its own.
    while True:
        client = await leaving.unless_spoken(connect(settings, runtime))
        try:
            await _work(client, host, settings=settings, leaving=leaving)
        except (RuntimeError, RPCError) as error:
            logger.warning(
                "%s: cannot take up work (%s); trying again in %d s",
                settings.name,
                _brief(error),
                _RETRY_SECONDS,
            )
            await leaving.unless_spoken(asyncio.sleep(_RETRY_SECONDS))


async def _work(client: Client, host: Host, *, settings: Settings, leaving: Interruption) -> None:
    """Poll for commands, and register meanwhile: a resumed script need not wait for that."""
    worker = host_worker(client, host)
    polling = asyncio.create_task(worker.run())
    registering = asyncio.create_task(register(client, settings))
    try:
        await leaving.unless_spoken(_both(polling, registering))
    finally:
        registering.cancel()
        await worker.shutdown()
        await asyncio.gather(polling, registering, return_exceptions=True)


async def _both(polling: asyncio.Task[None], registering: asyncio.Task[None]) -> None:
    """Wait for either to fail; polling is not to be cancelled but shut down."""
    await asyncio.gather(asyncio.shield(polling), registering)


def host_worker(client: Client, host: Host) -> Worker:
    """Return what polls the host's queue and runs what it finds there."""
    activities = HostActivities(host)
    return Worker(
        client,
        task_queue=host_queue(host.place.name),
        activities=[activities.run_lifecycle_events, activities.read_log],
        max_concurrent_activities=_CONCURRENT_COMMANDS,
        max_concurrent_activity_task_polls=1,
        max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=_SHUTDOWN_GRACE,
    )


def _brief(error: Exception) -> str:
    """Return the sentence of an error of Temporal's, without the protocol's details."""
    return str(error).partition(": Status {")[0]
