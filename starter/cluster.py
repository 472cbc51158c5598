"""Making a namespace of somebody's Temporal cluster fit for Rollway.

    python -m starter.cluster --address HOST:PORT

`rollway up` does this for the server it starts. A cluster that is run otherwise needs it once, and
again when a newer Rollway finds deployments by more names; a second call changes nothing.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta

from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.leaving import leave
from codedeploy.errors import Refused, RollwayError, ServerUnreachable
from starter import namespace
from starter.connection import connect

PATIENCE = timedelta(minutes=2)
"""How long a cluster may take to start, and to know its new namespace everywhere."""

_PAUSE_SECONDS = 1.0


async def prepare(
    address: str | None, namespace_name: str | None, *, patience: timedelta = PATIENCE
) -> Client:
    """Create the namespace if it does not exist, and make it fit for Rollway.

    Raises:
        ServerUnreachable: Nothing answered within `patience`.
        Refused: The cluster did not know its new namespace within `patience`.
    """
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            client = await connect(address, namespace_name)
            await _create(client)
            await namespace.prepare(client)
        except (ServerUnreachable, RPCError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise _last_word(error) from error
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return client


async def _create(client: Client) -> None:
    request = RegisterNamespaceRequest(
        namespace=client.namespace, description="Deployments by Rollway."
    )
    request.workflow_execution_retention_period.FromTimedelta(namespace.RETENTION)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


def _last_word(error: ServerUnreachable | RPCError) -> RollwayError:
    if isinstance(error, ServerUnreachable):
        return error
    return Refused(f"The Temporal cluster did not take its namespace: {error.message}")


def main(arguments: Sequence[str] | None = None, *, patience: timedelta = PATIENCE) -> int:
    """Prepare the namespace that flags or Temporal's own configuration name."""
    parser = argparse.ArgumentParser(prog="python -m starter.cluster", description=__doc__)
    parser.add_argument("--address", help="the Temporal server, HOST:PORT")
    parser.add_argument("--namespace", help="its namespace (default: rollway)")
    options = parser.parse_args(arguments)
    try:
        client = asyncio.run(prepare(options.address, options.namespace, patience=patience))
    except RollwayError as error:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"ready: namespace {client.namespace}")  # noqa: T201
    return 0


if __name__ == "__main__":
    leave(main())
