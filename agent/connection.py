"""Reaching the Temporal server and reporting for duty, however long that takes."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import (
    ClientConfig,
    ClientConfigProfile,
    ClientConfigTLS,
    ClientConnectConfig,
)
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from agent.configuration import Configuration
from agent.settings import Settings
from codedeploy.errors import InvalidInput
from codedeploy.identifiers import instance_workflow_id
from codedeploy.instance import INSTANCE_WORKFLOW, REGISTER, InstanceRegistration
from workflows.options import CONTROL_QUEUE

DEFAULT_ADDRESS = "127.0.0.1:7233"
DEFAULT_NAMESPACE = "rollway"

_THREADS_VARIABLE = "TOKIO_WORKER_THREADS"
_ANSWER_SECONDS = 15
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 10.0

logger = logging.getLogger(__name__)


def server_configuration(settings: Settings) -> ClientConnectConfig:
    """Return where and how to connect.

    Flags count first, then Temporal's own configuration, the agent's file, and the defaults.

    Raises:
        InvalidInput: Temporal's configuration file or environment cannot be read.
    """
    try:
        configured = ClientConfig.load_client_connect_config()
        in_file = _profile(settings.configuration).to_client_connect_config()
    except (RuntimeError, OSError) as error:
        raise InvalidInput(f"Temporal's client configuration cannot be read: {error}") from error
    defaults: ClientConnectConfig = {"target_host": DEFAULT_ADDRESS, "namespace": DEFAULT_NAMESPACE}
    result: ClientConnectConfig = {**defaults, **in_file, **configured}
    if settings.address:
        result["target_host"] = settings.address
    if settings.namespace:
        result["namespace"] = settings.namespace
    return result


def _profile(configuration: Configuration) -> ClientConfigProfile:
    tls = configuration.tls
    return ClientConfigProfile(
        address=configuration.address,
        namespace=configuration.namespace,
        api_key=configuration.api_key,
        tls=ClientConfigTLS(
            server_name=tls.server_name,
            server_root_ca_cert=_path(tls.server_ca_cert),
            client_cert=_path(tls.client_cert),
            client_private_key=_path(tls.client_key),
        )
        if tls
        else None,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


async def connect(settings: Settings, runtime: Runtime) -> Client:
    """Return a connection to the server; while there is none, say so and try again."""
    configuration = server_configuration(settings)
    async for delay in _delays():
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await Client.connect(
                    **configuration,
                    identity=f"agent/{settings.name}/{os.getpid()}",
                    data_converter=pydantic_data_converter,
                    runtime=runtime,
                )
        except (RuntimeError, RPCError, TimeoutError):
            logger.warning(
                "%s: no Temporal server answers at %s; trying again in %g s. "
                "Start one with: rollway up",
                settings.name,
                configuration["target_host"],
                delay,
            )
    raise AssertionError("the delays never end")


def quiet_runtime() -> Runtime:
    """Return a Temporal runtime without metrics that leaves the talking to the agent.

    By itself Temporal's core would have a thread a core, and memory for each.
    """
    os.environ.setdefault(_THREADS_VARIABLE, "2")
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=quiet, metrics=None))


async def register(client: Client, settings: Settings) -> None:
    """Tell the control plane who and what this host is, until it has heard."""
    registration = registration_of(settings)
    call = f"{settings.name}-{os.getpid()}-{id(client)}"
    async for delay in _delays():
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await _register_once(client, registration, call=call)
        except (
            RPCError,
            TimeoutError,
            WorkflowUpdateFailedError,
            WorkflowUpdateRPCTimeoutOrCancelledError,
        ) as error:
            _let_a_cancellation_through(error)
            logger.warning(
                "%s: not registered yet (%s); trying again in %g s",
                settings.name,
                _why(error),
                delay,
            )
        else:
            tags = ", ".join(f"{tag.key}={tag.value}" for tag in settings.tags) or "no tags"
            logger.info("%s: registered with %s; waiting for deployments", settings.name, tags)
            return


async def _register_once(client: Client, registration: InstanceRegistration, *, call: str) -> None:
    """Register; the same `call` again is answered by the first one's outcome."""
    start: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
        INSTANCE_WORKFLOW,
        registration,
        id=instance_workflow_id(registration.name),
        task_queue=CONTROL_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Instance {registration.name}",
    )
    started = asyncio.ensure_future(start.workflow_handle())
    started.add_done_callback(lambda task: task.cancelled() or task.exception())
    await client.execute_update_with_start_workflow(
        REGISTER,
        registration,
        start_workflow_operation=start,
        id=call,
        rpc_timeout=timedelta(seconds=_ANSWER_SECONDS),
    )


def _let_a_cancellation_through(error: Exception) -> None:
    """Raise the cancellation that Temporal's client reports as an error of its own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


def registration_of(settings: Settings) -> InstanceRegistration:
    """Return what this host says of itself."""
    try:
        agent_version = version("rollway")
    except PackageNotFoundError:
        agent_version = ""
    return InstanceRegistration(
        name=settings.name,
        tags=settings.tags,
        agent_version=agent_version,
        hostname=socket.gethostname(),
    )


def _why(error: Exception) -> str:
    if isinstance(error, WorkflowUpdateFailedError):
        return str(error.cause)
    if isinstance(error, RPCError):
        return error.message
    return "no Rollway worker answers; start one with: rollway up"


async def _delays() -> AsyncIterator[float]:
    """Yield the seconds until the next try, for ever, and wait that long in between."""
    delay = _FIRST_DELAY
    while True:
        yield delay
        await asyncio.sleep(delay)
        delay = min(_LONGEST_DELAY, delay * 2)
