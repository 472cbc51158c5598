"""`rollway up`: a whole control plane on this machine, in one command."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from starter.control_plane import ControlPlane, Home, control_plane, default_home
from starter.interruption import until_interrupted
from starter.polling import until_a_worker_polls

_DEFAULT_PORT = 7233
_DEFAULT_UI_PORT = 8233
_PATIENCE = timedelta(seconds=60)


def up(
    home: Annotated[
        Path | None,
        typer.Option(help="Where its state is kept.  [default: $ROLLWAY_HOME or ~/.rollway]"),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Where agents and clients connect.", min=1, max=65535)
    ] = _DEFAULT_PORT,
    ui_port: Annotated[
        int, typer.Option(help="Where a browser finds the Temporal Web UI.", min=1, max=65535)
    ] = _DEFAULT_UI_PORT,
) -> None:
    """Run the Temporal server and the worker on this machine until Ctrl-C.

    Each is started again when it dies. Deployments that were under way go on when it is run again.
    """
    asyncio.run(
        until_interrupted(_serve((home or default_home()).absolute(), port=port, ui_port=ui_port))
    )


async def _serve(path: Path, *, port: int, ui_port: int) -> None:
    home = Home(path)
    settings = home.server(port=port, ui_port=ui_port)
    _say(f"Starting in {home.path} ...")
    async with control_plane(home, settings, report=_say) as plane:
        try:
            await until_a_worker_polls(plane.client, patience=_PATIENCE)
            _say(_ready(plane, home))
            await asyncio.Event().wait()
        finally:
            _say("Stopping: first the worker, then the server ...")


def _ready(plane: ControlPlane, home: Home) -> str:
    return (
        "Rollway is ready.\n"
        f"  Temporal server   {plane.address}\n"
        f"  Web UI            http://{plane.ui_address}\n"
        f"  logs              {home.path / 'logs'}\n"
        "Next, on a host:    rollway-agent run --name web-1 --tag role=web "
        f"--address {plane.address}\n"
        f"Check it all with:  rollway doctor --address {plane.address}\n"
        "Ctrl-C stops it; what was under way goes on when it is started again."
    )


def _say(line: str) -> None:
    typer.echo(line)
