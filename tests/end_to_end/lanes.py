"""Many deployments at the same time that cannot touch each other.

A lane is a namespace of one Temporal server, with a worker of its own that may be killed. All
lanes see the same AWS.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from starter.namespace import register_search_attributes
from starter.processes import free_port
from starter.server import NAMESPACE, ServerSettings, start_server
from tests.aws.endpoint import Endpoint
from tests.aws.program import Program
from tests.end_to_end.fates import Fates
from tests.end_to_end.mortal_worker import CALLS
from tests.end_to_end.named_calls import CallBook

_ONE_DAY = Duration(seconds=86_400)


@dataclass(frozen=True)
class Lanes:
    """Running lanes.

    Attributes:
        clients: Of Temporal, one a lane.
        calls: What all workers called of AWS.
    """

    clients: tuple[Client, ...]
    fates: Fates
    calls: CallBook


@asynccontextmanager
async def lanes(home: Path, aws: Endpoint, *, count: int) -> AsyncIterator[Lanes]:
    """Run lanes whose workers call `aws`, for the length of the block."""
    settings = ServerSettings(
        database=home / "temporal.db", log=home / "log", port=free_port(), ui_port=free_port()
    )
    server = await start_server(settings)
    try:
        names = [f"lane-{number}" for number in range(1, count + 1)]
        clients = await asyncio.gather(*(_namespace(settings.address, name) for name in names))
        command = (
            *(sys.executable, "-m", "tests.end_to_end.mortal_worker"),
            *("--address", settings.address, "--home", str(home), *names),
        )
        workers = Program(command, aws.environment)
        try:
            yield Lanes(tuple(clients), Fates(home), CallBook(home / CALLS))
        finally:
            workers.stop()
    finally:
        await server.stop()


async def _namespace(address: str, name: str) -> Client:
    """Make a namespace, and return a client of it."""
    founder = await Client.connect(address, namespace=NAMESPACE)
    await founder.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=_ONE_DAY)
    )
    client = await Client.connect(address, namespace=name, data_converter=pydantic_data_converter)
    while not await _knows_our_attributes(client):
        await asyncio.sleep(0.05)
    return client


async def _knows_our_attributes(client: Client) -> bool:
    """Register them; False while the server has not noticed its new namespace."""
    try:
        await register_search_attributes(client)
        await client.count_workflows("RollwayApplication = 'none'")
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            return False
        raise
    return True
