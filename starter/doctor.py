"""`rollway doctor`: what is wrong with this installation, and what to do about it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from starter.checks import examine
from starter.commands.options import Address, Namespace, Output
from starter.commands.terminal import Terminal
from starter.control_plane import Home, default_home
from starter.findings import Check, Health
from starter.render.canvas import Glyphs
from starter.render.documents import OutputFormat
from starter.render.lines import line, table
from starter.render.statuses import BAD, GOOD, HELD


def doctor(
    *,
    address: Address = None,
    namespace: Namespace = None,
    home: Annotated[
        Path | None,
        typer.Option(help="What `rollway up` runs in.  [default: $ROLLWAY_HOME or ~/.rollway]"),
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Check the server, the worker, the agents, the hooks and the store; say how to put it right.

    The exit status is 1 if anything is broken.
    """
    store = Home((home or default_home()).absolute()).bundles
    checks = asyncio.run(examine(address=address, namespace_name=namespace, store=store))
    is_healthy = all(check.health is not Health.BROKEN for check in checks)
    terminal = Terminal()
    terminal.answer(
        {"checks": checks, "isHealthy": is_healthy},
        output,
        lambda: doctor_view(checks, terminal.canvas().glyphs),
    )
    raise typer.Exit(0 if is_healthy else 1)


def doctor_view(checks: Sequence[Check], glyphs: Glyphs) -> list[Text]:
    """Return one line a check, and below a bad one the way to put it right."""
    looks = {
        Health.GOOD: (glyphs.succeeded, GOOD),
        Health.WARNING: (glyphs.warning, HELD),
        Health.BROKEN: (glyphs.failed, BAD),
    }
    rows = table([(looks[check.health], check.name, check.found) for check in checks])
    lines: list[Text] = []
    for check, row in zip(checks, rows, strict=True):
        lines += [row, line(f"   to put it right: {check.fix}")] if check.fix else [row]
    return lines
