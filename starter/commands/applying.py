"""`rollway apply` and `push`: telling Rollway what there is."""

from pathlib import Path
from typing import Annotated

import typer

from codedeploy.application import check_name
from codedeploy.errors import InvalidRevision
from codedeploy.revision import PinnedRevision
from starter.commands.deploy_options import AppSpecFilename
from starter.commands.options import Output
from starter.commands.session import Session, connected
from starter.documents_on_disk import read_manifests
from starter.locations import local, with_appspec
from starter.render.documents import OutputFormat
from starter.render.lines import line
from starter.render.listings import applied_view, revisions_view


@connected
async def apply(
    session: Session,
    files: Annotated[
        list[str],
        typer.Option("--file", "-f", metavar="FILE", help="A manifest, a directory of them, or -."),
    ],
    *,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create or update the applications, groups and configurations of manifests.

    Every file is read and checked before anything is changed.
    """
    resources = read_manifests(files)
    rollway = await session.rollway()
    applied = await rollway.apply(resources)
    session.terminal.answer({"applied": applied}, output, lambda: applied_view(applied))


@connected
async def push(
    session: Session,
    application: Annotated[str, typer.Argument(metavar="APP", help="The application.")],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR_OR_FILE",
            help="A directory, .tar, .tgz or .zip; an AppSpec file for Lambda and ECS.",
        ),
    ],
    *,
    appspec_filename: AppSpecFilename = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Register a directory, an archive or an AppSpec file as a revision of an application."""
    check_name(application, of="application")
    if not source.exists():
        raise InvalidRevision(f"There is no file or directory {source}.")
    with_appspec(local(source), appspec_filename)
    rollway = await session.rollway()
    pushed = await rollway.push(application, source, appspec_filename=appspec_filename)
    session.terminal.answer(
        pushed,
        output,
        lambda: [*revisions_view([pushed]), line(""), line(_next_step(application, pushed))],
    )


def _next_step(application: str, pushed: PinnedRevision) -> str:
    return f"Deploy it: rollway deploy {application}/GROUP --revision {pushed.label}"
