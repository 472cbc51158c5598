"""One machine's control plane: the embedded Temporal server and the worker beside it."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from starter.processes import Child, Program, free_port
from starter.server import NAMESPACE, PortInUse, ServerSettings, start_server
from starter.service import Report, Service


def default_home() -> Path:
    """Return where the control plane of this machine keeps its state."""
    return Path(os.environ.get("ROLLWAY_HOME") or Path.home() / ".rollway").expanduser()


@dataclass(frozen=True)
class Home:
    """The directory in which one control plane keeps everything."""

    path: Path

    @property
    def bundles(self) -> Path:
        """Where the bundles of revisions are kept."""
        return self.path / "bundles"

    def log(self, name: str) -> Path:
        """The file that the output of the program `name` goes to."""
        return self.path / "logs" / f"{name}.log"

    def server(self, *, port: int, ui_port: int) -> ServerSettings:
        """The settings of a server whose state is here."""
        return ServerSettings(
            database=self.path / "temporal.db",
            log=self.log("temporal"),
            port=port,
            ui_port=ui_port,
        )


@dataclass(frozen=True)
class ControlPlane:
    """A running server and worker.

    Attributes:
        address: Where clients and agents connect.
        ui_address: Where a browser finds the Temporal Web UI.
        client: Connected to the server, whatever the environment says of other servers.
    """

    address: str
    ui_address: str
    client: Client
    server: Service
    worker: Service


@asynccontextmanager
async def control_plane(
    home: Home, server: ServerSettings | None = None, *, report: Report
) -> AsyncIterator[ControlPlane]:
    """Run a server and a worker for the length of the block; the worker is stopped first.

    Args:
        home: Where they keep their state.
        server: Where the server listens; None means any free ports.
        report: Is told when one of them died and is started again.
    """
    async with AsyncExitStack() as running:
        if server is None:
            server, temporal = await _on_free_ports(home, report)
        else:
            temporal = _server_service(server, report)
            await temporal.start()
        running.push_async_callback(temporal.stop)
        worker = Service("Worker", partial(_start_worker, home, server.address), report)
        await worker.start()
        running.push_async_callback(worker.stop)
        client = await Client.connect(
            server.address, namespace=NAMESPACE, data_converter=pydantic_data_converter
        )
        yield ControlPlane(server.address, server.ui_address, client, temporal, worker)


def _server_service(settings: ServerSettings, report: Report) -> Service:
    return Service("Temporal server", partial(start_server, settings), report)


async def _on_free_ports(
    home: Home, report: Report, *, tries: int = 5
) -> tuple[ServerSettings, Service]:
    """Start the server on ports nobody uses; a port may be taken before the server has it."""
    settings = home.server(port=free_port(), ui_port=free_port())
    service = _server_service(settings, report)
    try:
        await service.start()
    except PortInUse:
        if tries == 1:
            raise
        return await _on_free_ports(home, report, tries=tries - 1)
    return settings, service


async def _start_worker(home: Home, address: str) -> Child:
    command = (
        *(sys.executable, "-P", "-m", "worker"),
        *("--address", address, "--namespace", NAMESPACE, "--store", str(home.bundles)),
    )
    return await Child.start(Program("worker", command, home.log("worker")))
