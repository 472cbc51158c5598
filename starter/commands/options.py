"""Arguments and options that several commands share, so that they mean the same everywhere."""

from typing import Annotated

import typer

from codedeploy.deployment import check_deployment_id
from starter.commands.naming import check_group_name
from starter.render.documents import OutputFormat

Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print the answer.")]
DeploymentId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A deployment id, such as d-7F3K9Q2LM.", callback=check_deployment_id
    ),
]
GroupName = Annotated[
    str,
    typer.Argument(
        metavar="APP/GROUP",
        help="A deployment group, such as shop/production.",
        callback=check_group_name,
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Watch = Annotated[
    bool | None,
    typer.Option("--watch/--no-watch", help="Watch it to its end. [default: only on a terminal]"),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", envvar="TEMPORAL_ADDRESS", help="The Temporal server."
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", envvar="TEMPORAL_NAMESPACE", help="Its namespace."),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="Print without colours.")]
