"""`rollway demo`."""

import asyncio
from typing import Annotated

import typer

from starter.commands.options import Output
from starter.demo.performance import Performance
from starter.interruption import until_interrupted
from starter.render.documents import OutputFormat


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")
    ] = False,
    hosts: Annotated[int, typer.Option(help="How many hosts to run.", min=3, max=50)] = 5,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Put HAProxy before them, and count lost requests.")
    ] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """See a fleet deployed to, and a bad release rolled back, all on this machine.

    A Temporal server, a worker and an agent for every host run in a temporary directory; nothing
    is left of them at the end. The exit status is 0 if the story went as told; with --traffic,
    only if no request was lost.
    """
    performance = Performance(hosts, keep=keep, output=output, traffic=traffic)
    went_well = asyncio.run(until_interrupted(performance.run()))
    raise typer.Exit(0 if went_well else 1)
