from pathlib import Path

import pytest
import typer.main

from starter.cli import COMMANDS, app

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_every_command(command: str) -> None:
    assert f"`rollway {command}" in REFERENCE.read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_every_option(command: str) -> None:
    group = typer.main.get_command(app)
    context = group.make_context("rollway", [command])

    _, found, _ = group.resolve_command(context, [command])  # type: ignore[attr-defined]

    options = {option for parameter in found.params for option in parameter.opts}
    reference = REFERENCE.read_text()
    assert not [one for one in options if one.startswith("--") and one not in reference]
