import os
import re
import subprocess
import sys

import pytest

from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentFailure,
    ErrorCode,
    InvalidInput,
    RevisionDoesNotExist,
    RollwayError,
)
from starter.cli import COMMANDS
from starter.commands.exit_codes import exit_code_of_error
from tests.starter import deployments as given_
from tests.starter.fake_rollway import FakeRollway, rollway

OTHERS = {"demo", "up", "doctor"}


def test_the_help_lists_every_command_with_its_summary() -> None:
    result = rollway(FakeRollway(), "--help")

    assert result.exit_code == 0
    listed = dict(re.findall(r"^  ([\w-]+) +(\S.*)$", result.stdout.split("Commands:")[1], re.M))
    assert {name: summary for name, (_, summary) in COMMANDS.items()} == {
        name: listed[name] for name in COMMANDS
    }


@pytest.mark.parametrize("command", [*sorted(COMMANDS.keys() - OTHERS)])
def test_every_command_has_a_help_of_its_own(command: str) -> None:
    result = rollway(FakeRollway(), command, "--help")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: rollway {command} ")


def test_the_help_imports_nothing_heavy() -> None:
    heavy = "{'temporalio', 'pydantic', 'rich', 'boto3', 'yaml', 'asyncio'}"
    script = (
        "import sys; sys.argv = ['rollway', '--help']\n"
        "from starter.cli import main\n"
        "try: main()\n"
        f"finally: print(sorted({heavy} & sys.modules.keys()), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stderr == "[]\n"


def test_a_mistyped_command_gets_a_suggestion() -> None:
    result = rollway(FakeRollway(), "statsu")

    assert result.exit_code == 2
    assert "Did you mean 'status'" in result.stderr


def test_a_mistyped_kind_gets_a_suggestion() -> None:
    result = rollway(FakeRollway(), "get", "aplications")

    assert result.exit_code == 2
    assert "'applications'" in result.stderr


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_the_version_is_printed(arguments: tuple[str, ...]) -> None:
    assert re.fullmatch(r"rollway \d+\.\d+\.\d+\n", rollway(FakeRollway(), *arguments).stdout)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("no"), 2),
        (RevisionDoesNotExist("no"), 2),
        (DeploymentAlreadyCompleted("no"), 1),
        (DeploymentFailure(ErrorCode.NO_INSTANCES, "no"), 1),
    ],
)
def test_errors_have_stable_exit_codes(error: RollwayError, code: int) -> None:
    assert exit_code_of_error(error) == code


def test_an_error_is_one_clean_message_on_standard_error() -> None:
    fake = FakeRollway(refusal=DeploymentAlreadyCompleted("\x1b[31md-1 has ended.\nLook."))

    result = rollway(fake, "pause", given_.ID)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: d-1 has ended.\nLook.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["status", "d-12"], "is no deployment id", id="malformed id"),
        pytest.param(["get", "group", "shop"], "expected APP/GROUP", id="group without slash"),
        pytest.param(["deploy", "a/b/c"], "expected APP/GROUP", id="too many slashes"),
        pytest.param(["deploy", "sh op/prod"], "no valid name", id="bad name"),
        pytest.param(["list", "--group", "shop"], "expected APP/GROUP", id="bad filter"),
        pytest.param(["logs", given_.ID, "w", "ValidateServce"], "did you mean", id="bad event"),
        pytest.param(["apply", "-f", "/none.yml"], "/none.yml: No such file", id="no manifest"),
        pytest.param(["push", "shop", "/none"], "no file or directory /none", id="no bundle"),
        pytest.param(["continue", "d-12"], "is no deployment id", id="bad id to continue"),
        pytest.param(["hook-status", "d-12", "e", "Failed"], "no deployment id", id="bad hook"),
    ],
)
def test_bad_input_is_refused_before_a_server_is_asked(arguments: list[str], words: str) -> None:
    fake = FakeRollway()

    result = rollway(fake, *arguments)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert fake.asked == []


def test_address_and_namespace_come_from_flags() -> None:
    fake = FakeRollway()

    rollway(fake, "get", "configs", "--address", "temporal:7233", "--namespace", "mine")

    assert fake.asked == [("connect", "temporal:7233", "mine")]


def test_address_and_namespace_come_from_the_environment() -> None:
    fake = FakeRollway()
    environment = {"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_NAMESPACE": "mine"}

    rollway(fake, "get", "configs", env=environment)

    assert fake.asked == [("connect", "temporal:7233", "mine")]


def test_an_encoding_without_the_glyphs_gets_letters() -> None:
    script = (
        "from tests.starter.fake_rollway import *\n"
        "fake = FakeRollway(looks=[given_.succeeded(revision_label='v2 \\u2714')])\n"
        "import sys\n"
        f"sys.argv = ['rollway', 'status', {given_.ID!r}]\n"
        "app(obj=fake)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONIOENCODING": "ascii"},
    )

    assert done.stderr == ""
    assert "+ succeeded" in done.stdout
    assert "v1 -> v2 ?" in done.stdout


def test_a_closed_pipe_ends_quietly() -> None:
    script = (
        "import sys\n"
        "from tests.starter.fake_rollway import *\n"
        "sys.argv = ['rollway', 'get', 'configs', '-o', 'json']\n"
        "app(obj=FakeRollway())"
    )
    reader, writer = os.pipe()
    os.close(reader)

    with open(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=closed, stderr=subprocess.PIPE, text=True
        )

    assert done.stderr == ""
