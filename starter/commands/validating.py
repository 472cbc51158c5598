"""`rollway validate`: finding mistakes before anything is sent anywhere."""

from typing import Annotated

import typer

from codedeploy.application import ComputePlatform
from starter.commands.options import NoColor
from starter.commands.terminal import Terminal
from starter.render.verdicts import verdicts_view
from starter.validation import check_all, validate_path


def validate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="AppSpec files, directories or archives of bundles, manifests, or -.",
        ),
    ],
    *,
    platform: Annotated[
        ComputePlatform | None,
        typer.Option(
            case_sensitive=False, help="Of AppSpec files. [default: guessed from what they hold]"
        ),
    ] = None,
    no_color: NoColor = False,
) -> None:
    """Check AppSpec files, bundles and manifests without a server."""
    verdicts = [verdict for path in paths for verdict in validate_path(path, platform)]
    terminal = Terminal(color=not no_color)
    terminal.show(verdicts_view(verdicts, terminal.canvas()))
    check_all(verdicts)
