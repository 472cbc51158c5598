"""`rollway status`, `list` and `logs`: looking at deployments, once or until they end."""

import sys
from typing import Annotated

import typer

from codedeploy.deployment import DeploymentStatus
from starter.commands.exit_codes import exit_code_of_status
from starter.commands.following import follow
from starter.commands.naming import group_parts, lifecycle_event
from starter.commands.options import DeploymentId, Output
from starter.commands.session import Session, connected
from starter.commands.terminal import note
from starter.render.deployment import deployment_view
from starter.render.documents import Documentable, OutputFormat
from starter.render.lines import clean_pieces
from starter.render.listings import deployments_view
from starter.render.targets import targets_view
from starter.render.traffic import is_shifting


@connected
async def status(
    session: Session,
    deployment_id: DeploymentId,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Watch it to its end.")] = False,
    targets: Annotated[bool, typer.Option("--targets", help="Show every host as well.")] = False,
    output: Output = OutputFormat.TABLE,
) -> int | None:
    """Show a deployment: progress, health or the line of shifts, what it waits for.

    With --watch the exit status is that of the deployment: 0 succeeded, 1 failed, 3 stopped.
    """
    if watch:
        sections = await follow(session, deployment_id, output)
        return exit_code_of_status(sections[0].status)
    rollway = await session.rollway()
    info = await rollway.deployment(deployment_id)
    hosts = await rollway.targets(deployment_id) if targets else []
    canvas = session.terminal.canvas()
    fleet = [] if is_shifting(info) else hosts
    value: Documentable = {"deploymentInfo": info, "targets": hosts} if targets else info
    session.terminal.answer(
        value,
        output,
        lambda: [*deployment_view(info, canvas), *targets_view(fleet, canvas)],
    )
    return None


@connected
async def list_deployments(
    session: Session,
    *,
    group: Annotated[
        str | None, typer.Option("--group", metavar="APP/GROUP", help="Only of this group.")
    ] = None,
    status: Annotated[
        DeploymentStatus | None,
        typer.Option("--status", case_sensitive=False, help="Only those that stand so."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List deployments, newest first."""
    if group:
        group_parts(group)
    rollway = await session.rollway()
    rows = await rollway.deployments(group=group, status=status, limit=limit)
    canvas = session.terminal.canvas()
    session.terminal.answer({"deployments": rows}, output, lambda: deployments_view(rows, canvas))


@connected
async def logs(
    session: Session,
    deployment_id: DeploymentId,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A host of the deployment.")],
    event: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="Only this lifecycle event's output.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until nothing more will be printed.")
    ] = False,
    timestamps: Annotated[
        bool, typer.Option("--timestamps", "-t", help="Show when each line was there (UTC).")
    ] = False,
) -> None:
    """Print the whole script output of a deployment on one host."""
    found = lifecycle_event(event) if event else None
    rollway = await session.rollway()
    is_empty = True
    pieces = rollway.log(deployment_id, target, found, follow=follow, timestamps=timestamps)
    async for text in clean_pieces(pieces):
        sys.stdout.write(text)
        sys.stdout.flush()
        is_empty = is_empty and not text
    if is_empty:
        note(f"no output of {event or 'any script'} on {target} in {deployment_id}")
