"""The options of `rollway plan`, `deploy` and `rollback`."""

from typing import Annotated

import typer

from codedeploy.appspec import FileExistsBehavior
from codedeploy.deployment_group import ScalingProcess

RevisionOption = Annotated[
    str | None,
    typer.Option(
        "--revision",
        "-r",
        metavar="REVISION",
        help="A directory, an archive, s3://BUCKET/KEY, https://HOST/PATH, "
        "github:OWNER/REPO@COMMIT or the label of a registered revision. "
        "[default: the last good one]",
    ),
]
AppSpecFilename = Annotated[
    str | None,
    typer.Option(
        "--appspec-filename",
        metavar="NAME",
        help="The AppSpec file at the bundle's root. [default: appspec.yml or appspec.yaml]",
    ),
]
Config = Annotated[
    str | None,
    typer.Option("--config", metavar="NAME", help="Pace. [default: the group's configuration]"),
]
Description = Annotated[str, typer.Option("--description", help="For the record.")]
PlanId = Annotated[
    str | None, typer.Option("--plan-id", metavar="ID", help="Deploy only if this plan holds.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key", metavar="KEY", help="The same key again is the same deployment."
    ),
]
IgnoreStopFailures = Annotated[
    bool,
    typer.Option(
        "--ignore-application-stop-failures",
        help="Go on if the old revision's stop scripts fail.",
    ),
]
FileExists = Annotated[
    FileExistsBehavior,
    typer.Option(
        "--file-exists-behavior", case_sensitive=False, help="What to do with files in the way."
    ),
]
AutoRollback = Annotated[
    bool | None,
    typer.Option(
        "--auto-rollback/--no-auto-rollback",
        help="Roll back if it fails. [default: as the group says]",
    ),
]
IgnoreAlarms = Annotated[
    bool,
    typer.Option("--ignore-alarms", help="Let the group's alarms neither prevent it nor stop it."),
]
ToRevision = Annotated[
    str | None,
    typer.Option("--to", metavar="LABEL", help="An earlier revision. [default: the last good one]"),
]
RollbackSubject = Annotated[
    str, typer.Argument(metavar="ID|APP/GROUP", help="A running deployment, or a group.")
]
TargetTags = Annotated[
    list[str] | None,
    typer.Option(
        "--target-tag",
        metavar="KEY=VALUE",
        help="Blue/green: instances with any of these tags replace the original.",
    ),
]
TargetScalingGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--target-auto-scaling-group",
        metavar="NAME",
        help="Blue/green: the instances of these replace the original.",
    ),
]
SuspendProcesses = Annotated[
    list[ScalingProcess] | None,
    typer.Option(
        "--suspend-process",
        help="In place: what the Auto Scaling groups may not do meanwhile. "
        "[default: as the group says]",
    ),
]
