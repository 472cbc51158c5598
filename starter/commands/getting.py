"""`rollway get`: what is known, by kind."""

from typing import Annotated

import typer

from starter.commands.naming import group_parts
from starter.commands.options import GroupName, Output
from starter.commands.session import Session, connected
from starter.render.documents import OutputFormat
from starter.render.group import group_view
from starter.render.listings import (
    application_view,
    configs_view,
    instances_view,
    names_view,
    revisions_view,
)

ApplicationName = Annotated[str, typer.Argument(metavar="APP", help="An application.")]

NO_APPLICATION = "No application is known. Apply a manifest: rollway apply -f FILE"
NO_GROUP = "No deployment group is known. Apply a manifest: rollway apply -f FILE"


@connected
async def applications(session: Session, *, output: Output = OutputFormat.TABLE) -> None:
    """List the applications."""
    rollway = await session.rollway()
    names = await rollway.applications()
    session.terminal.answer(
        {"applications": names},
        output,
        lambda: names_view(names, title="APPLICATION", if_none=NO_APPLICATION),
    )


@connected
async def application(
    session: Session, name: ApplicationName, *, output: Output = OutputFormat.TABLE
) -> None:
    """Show an application: its groups and registered revisions."""
    rollway = await session.rollway()
    info = await rollway.application(name)
    session.terminal.answer(info, output, lambda: application_view(info))


@connected
async def groups(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="APP", help="Only of this application.")
    ] = None,
    *,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the deployment groups."""
    rollway = await session.rollway()
    names = await rollway.groups(name)
    session.terminal.answer(
        {"deploymentGroups": names},
        output,
        lambda: names_view(names, title="GROUP", if_none=NO_GROUP),
    )


@connected
async def group(
    session: Session,
    name: GroupName,
    *,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print its definition, as `apply -f` takes it.")
    ] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show a deployment group: rules, lock and history."""
    rollway = await session.rollway()
    info = await rollway.group(*group_parts(name))
    if manifest:
        session.terminal.answer(info.group, definition_form(output), list)
        return
    canvas = session.terminal.canvas()
    session.terminal.answer(info, output, lambda: group_view(info, canvas))


@connected
async def configs(session: Session, *, output: Output = OutputFormat.TABLE) -> None:
    """List the configurations, predefined and custom."""
    rollway = await session.rollway()
    found = await rollway.configs()
    session.terminal.answer({"deploymentConfigs": found}, output, lambda: configs_view(found))


@connected
async def config(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A deployment configuration.")],
    *,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show a deployment configuration."""
    rollway = await session.rollway()
    found = await rollway.config(name)
    session.terminal.answer(found, output, lambda: configs_view([found]))


@connected
async def instances(session: Session, *, output: Output = OutputFormat.TABLE) -> None:
    """List the registered instances and what they run."""
    rollway = await session.rollway()
    found = await rollway.instances()
    canvas = session.terminal.canvas()
    session.terminal.answer({"instances": found}, output, lambda: instances_view(found, canvas))


@connected
async def revisions(
    session: Session, name: ApplicationName, *, output: Output = OutputFormat.TABLE
) -> None:
    """List an application's revisions, newest first."""
    rollway = await session.rollway()
    info = await rollway.application(name)
    session.terminal.answer(
        {"revisions": info.revisions}, output, lambda: revisions_view(info.revisions)
    )


def definition_form(output: OutputFormat) -> OutputFormat:
    """Return the form of a manifest, which is never a table."""
    return OutputFormat.YAML if output is OutputFormat.TABLE else output


get = typer.Typer(
    help="Show applications, groups, instances and more.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
for kind in (applications, application, groups, group, configs, config, instances, revisions):
    get.command()(kind)
