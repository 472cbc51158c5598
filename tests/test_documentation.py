"""What the documentation tells people to type or to write works, and its tables are computed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from agent.cli import parser as agent_parser
from codedeploy.appspec import parse
from codedeploy.configs import DeploymentConfig, MinimumHealthyHosts, MinimumHealthyHostsType
from codedeploy.configs import predefined as predefined_config
from codedeploy.deployment import InterventionRequest
from codedeploy.document import Findings, read_one
from codedeploy.instances import Host
from codedeploy.manifest import parse_manifest
from codedeploy.steering import Verb
from codedeploy.waves import Known, floor_for, waves_of
from starter.cli import COMMANDS, app
from starter.validation import guessed_platform
from tests.documentation import (
    PAGES,
    ROOT,
    Snippet,
    anchors,
    command_lines,
    links,
    mentions,
    snippets,
)

PLACEHOLDERS = {
    "ID": "d-7F3K9Q2LM",
    "$ID": "d-7F3K9Q2LM",
    "APP": "shop",
    "GROUP": "shop/web",
    "APP/GROUP": "shop/web",
    "ID|APP/GROUP": "shop/web",
    "EVENT": "ValidateService",
}
"""What stands in a documented command for something the reader fills in."""

ROLLWAY = command_lines("rollway")
AGENT = command_lines("rollway-agent")
SIGNALS = {
    where: words
    for where, words in command_lines("temporal").items()
    if words[:2] == ["workflow", "signal"]
}


def parse_command(command: Any, name: str, words: list[str], parent: Any = None) -> None:
    """Parse `words` as the command would, down to the last subcommand, and run nothing."""
    context = command.make_context(name, list(words), parent=parent)
    if hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        sub_name, sub_command, sub_words = command.resolve_command(context, rest)
        parse_command(sub_command, sub_name, sub_words, context)


def filled_in(words: list[str]) -> list[str]:
    return [PLACEHOLDERS.get(word, word) for word in words]


def test_there_is_documentation_to_check() -> None:
    assert len(ROLLWAY) > 10
    assert len(PAGES) > 10


@pytest.mark.parametrize("words", ROLLWAY.values(), ids=ROLLWAY.keys())
def test_a_documented_command_line_is_understood(words: list[str]) -> None:
    parse_command(typer.main.get_command(app), "rollway", filled_in(words))


@pytest.mark.parametrize("words", AGENT.values(), ids=AGENT.keys())
def test_a_documented_agent_command_line_is_understood(words: list[str]) -> None:
    agent_parser().parse_args(words)


MENTIONED = mentions("rollway")


@pytest.mark.parametrize("words", MENTIONED.values(), ids=MENTIONED.keys())
def test_a_mentioned_command_exists_with_the_options_it_is_mentioned_with(
    words: list[str],
) -> None:
    group = typer.main.get_command(app)
    context = group.make_context("rollway", ["status"])

    if words[0].startswith("-"):
        known = {name for option in group.params for name in option.opts} | {"--help", "-h"}
    else:
        assert words[0] in COMMANDS
        known = _options(group, context, words)

    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def _options(group: Any, context: Any, words: list[str]) -> set[str]:
    _, command, rest = group.resolve_command(context, filled_in(words))
    if hasattr(command, "commands") and rest:
        command = command.commands[rest[0]]
    names = [*command.params, *command.get_help_option_names(context)]
    return {
        name
        for param in names
        for name in ([param] if isinstance(param, str) else [*param.opts, *param.secondary_opts])
    }


@pytest.mark.parametrize("words", SIGNALS.values(), ids=SIGNALS.keys())
def test_a_documented_signal_is_one_that_deployments_take(words: list[str]) -> None:
    options = dict(zip(words[2::2], words[3::2], strict=True))

    Verb(options["--name"])
    given = json.loads(options.get("--input", "{}"))

    assert given.keys() <= InterventionRequest.model_fields.keys()
    InterventionRequest.model_validate(given)


def test_signals_are_documented() -> None:
    assert SIGNALS


YAML = snippets("yaml", "yml")


@pytest.mark.parametrize("snippet", YAML, ids=str)
def test_a_yaml_snippet_is_a_manifest_or_an_appspec(snippet: Snippet) -> None:
    first = next(iter(yaml.safe_load_all(snippet.text)))

    if "version" in first:
        platform = guessed_platform(read_one(snippet.text, Findings(str(snippet))))
        assert parse(snippet.text, platform, filename=str(snippet)).warnings == ()
    else:
        assert parse_manifest(snippet.text, document=str(snippet))


@pytest.mark.parametrize("snippet", snippets("json"), ids=str)
def test_a_json_snippet_is_json_and_a_group_in_it_is_a_manifest(snippet: Snippet) -> None:
    document = json.loads(snippet.text)

    if "deploymentGroupInfo" in document:
        assert parse_manifest(snippet.text, document=str(snippet))


MAKE = command_lines("make") | mentions("make")


@pytest.mark.parametrize("words", MAKE.values(), ids=MAKE.keys())
def test_a_documented_make_target_exists(words: list[str]) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert words[0] in targets


LINKS = links()


@pytest.mark.parametrize(("target", "anchor"), LINKS.values(), ids=LINKS.keys())
def test_a_link_leads_somewhere(target: Path, anchor: str) -> None:
    assert target.exists()
    assert not anchor or anchor in anchors(target)


def pacing_rows() -> list[tuple[str, int, int, int, list[int]]]:
    """Return the rows of the table of nine and ten hosts."""
    text = (ROOT / "docs/concepts/pacing.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.+?) \| (9|10) \| (\d+) \| (\d+) \| ([\d ]+) \|$", text, re.MULTILINE)
    return [
        (name.replace("`", ""), int(hosts), int(floor), int(window), [*map(int, sizes.split())])
        for name, hosts, floor, window, sizes in rows
    ]


def config_of(written: str) -> DeploymentConfig:
    """Return the configuration that a row of the table names."""
    kind, _, value = written.partition(" ")
    if not value:
        return predefined_config(f"CodeDeployDefault.{kind}")
    minimum = MinimumHealthyHosts(type=MinimumHealthyHostsType(kind), value=int(value))
    return DeploymentConfig(deployment_config_name="documented", minimum_healthy_hosts=minimum)


@pytest.mark.parametrize(
    ("written", "hosts", "floor", "window", "sizes"),
    pacing_rows(),
    ids=[f"{row[0]} of {row[1]}" for row in pacing_rows()],
)
def test_the_table_of_nine_and_ten_hosts_is_what_a_plan_says(
    written: str, hosts: int, floor: int, window: int, sizes: list[int]
) -> None:
    config = config_of(written)
    fleet = tuple(Host(name=f"web-{number}") for number in range(hosts))

    waves = waves_of(fleet, Known(), config)

    assert floor_for(config, hosts).minimum_healthy == floor
    assert hosts - floor == window
    assert [len(batch) for wave in waves for batch in wave.batches] == sizes


def test_the_table_covers_both_fleets() -> None:
    assert {row[1] for row in pacing_rows()} == {9, 10}
    assert len(pacing_rows()) >= 13
