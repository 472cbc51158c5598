"""What the person who starts an agent may set, and which word counts."""

from pathlib import Path

import pytest

from agent.cli import parser, perform
from agent.configuration import Configuration
from agent.identity import Identity
from agent.settings import Settings, s3_variables, settings_of
from codedeploy.errors import InvalidInput
from codedeploy.instance import Tag

EVERYTHING = (
    "run --name web-1 --tag role=web --tag zone=a --root /r --destination-root /d "
    "--env PORT=80 --address h:1 --namespace n"
)
FILE = """\
name: from-file
tags: {role: file, zone: a}
root: /file-root
env: {STAGE: file, PORT: "1"}
address: file:1
"""


def parse(arguments: list[str], **variables: str) -> Settings:
    return settings_of(parser().parse_args(arguments), variables)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "agent.yml"
    path.write_text(FILE)
    path.chmod(0o600)
    return str(path)


def test_all_flags_together() -> None:
    settings = parse(EVERYTHING.split())

    assert settings.name == "web-1"
    assert settings.tags == (Tag(key="role", value="web"), Tag(key="zone", value="a"))
    assert (settings.root, settings.destination_root) == (Path("/r"), Path("/d"))
    assert settings.environment == {"PORT": "80"}
    assert (settings.address, settings.namespace) == ("h:1", "n")


def test_a_value_may_hold_further_equals_signs() -> None:
    assert parse(["run", "--env", "OPTIONS=a=b"]).environment == {"OPTIONS": "a=b"}


def test_a_relative_root_is_made_absolute() -> None:
    assert parse(["run", "--root", "here"]).root == Path.cwd() / "here"


def test_the_file_says_what_nobody_else_says(file: str) -> None:
    settings = parse(["run", "--config", file])

    assert (settings.name, settings.root) == ("from-file", Path("/file-root"))
    assert settings.environment == {"STAGE": "file", "PORT": "1"}


def test_the_environment_wins_over_the_file(file: str) -> None:
    settings = parse(
        ["run"],
        ROLLWAY_AGENT_CONFIG=file,
        ROLLWAY_AGENT_NAME="from-environment",
        ROLLWAY_AGENT_ROOT="/environment-root",
        ROLLWAY_AGENT_DESTINATION_ROOT="/srv",
    )

    assert (settings.name, settings.root) == ("from-environment", Path("/environment-root"))
    assert settings.destination_root == Path("/srv")


def test_flags_win_over_all(file: str) -> None:
    flags = ["--name", "from-flag", "--root", "/flag-root", "--tag", "role=flag", "--env", "PORT=2"]

    settings = parse(
        ["run", "--config", file, *flags], ROLLWAY_AGENT_NAME="no", ROLLWAY_AGENT_ROOT="/no"
    )

    assert (settings.name, settings.root) == ("from-flag", Path("/flag-root"))
    assert settings.tags == (Tag(key="role", value="flag"), Tag(key="zone", value="a"))
    assert settings.environment == {"STAGE": "file", "PORT": "2"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param(
            {}, {"AWS_ENDPOINT_URL_S3": "http://s3:9000", "AWS_REGION": "eu-west-1"}, id="file"
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL_S3": "http://other", "AWS_REGION": "us-east-1"}, {}, id="environment"
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://other", "AWS_DEFAULT_REGION": "us-east-1"},
            {},
            id="environment in general",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL_S3": "", "AWS_REGION": "us-east-1"},
            {"AWS_ENDPOINT_URL_S3": "http://s3:9000"},
            id="empty",
        ),
    ],
)
def test_where_s3_is_comes_from_the_environment_then_the_file(
    variables: dict[str, str], expected: dict[str, str]
) -> None:
    configuration = Configuration(s3_endpoint="http://s3:9000", s3_region="eu-west-1")

    assert s3_variables(configuration, variables) == expected


def test_tags_of_the_file_win_over_those_of_the_identity(file: str) -> None:
    given = parser().parse_args(["run", "--config", file])
    found = Identity("i-1", {"role": "ec2", "team": "shop"})

    settings = settings_of(given, {}, identify=lambda _: found)

    assert settings.name == "i-1"
    assert {tag.key: tag.value for tag in settings.tags} == {
        "role": "file",
        "team": "shop",
        "zone": "a",
    }


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"ROLLWAY_AGENT_NAME": "a b"}, "ROLLWAY_AGENT_NAME: 'a b' is no", id="name"),
        pytest.param({"ROLLWAY_AGENT_ROOT": "/dev/null"}, "/dev/null is no directory", id="root"),
        pytest.param({"ROLLWAY_AGENT_CONFIG": "/none"}, "no configuration file /none", id="file"),
    ],
)
def test_a_wrong_variable_is_named(variables: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse(["run"], **variables)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "required: COMMAND", id="no command"),
        pytest.param(["walk"], "invalid choice: 'walk'", id="unknown command"),
        pytest.param(["run", "--nmae", "x"], "unrecognized arguments: --nmae", id="unknown flag"),
        pytest.param(["run", "--name", "a b"], "'a b' is no valid name", id="bad name"),
        pytest.param(["run", "--tag", "web"], "expected KEY=VALUE, found 'web'", id="bad tag"),
        pytest.param(["run", "--tag", "=web"], "expected KEY=VALUE", id="tag without key"),
        pytest.param(["run", "--env", "1X=2"], "'1X' is no name of a variable", id="bad variable"),
        pytest.param(["run", "--root", "/dev/null"], "/dev/null is no directory", id="bad root"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        perform(arguments)

    written = capsys.readouterr().err
    assert caught.value.code == 2
    assert said in written
    assert written.count("\n") == 1


def test_a_wrong_file_ends_the_command_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "agent.yml"
    wrong.write_text("nmae: web-1\n")

    assert perform(["run", "--config", str(wrong)]) == 2
    assert "line 1: nmae: unknown key; did you mean name?" in capsys.readouterr().err


def test_a_host_that_cannot_be_identified_ends_the_command_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")

    assert perform(["run", "--name", "ec2"]) == 1
    assert "name the host with --name" in capsys.readouterr().err


def test_what_a_bundle_may_grow_to_is_the_files_to_say(file: str) -> None:
    Path(file).write_text(f"{FILE}mostUnpackedBytes: 1000\nmostUnpackedMembers: 5\n")

    limits = parse(["run", "--config", file]).unpack_limits

    assert (limits.total_bytes, limits.members) == (1000, 5)


def test_without_a_word_a_bundle_may_grow_to_ten_gibibytes(file: str) -> None:
    assert parse(["run", "--config", file]).unpack_limits.total_bytes == 10 << 30


def test_how_much_of_a_scripts_output_is_kept_is_the_files_to_say(file: str) -> None:
    Path(file).write_text(f"{FILE}mostOutputBytes: 1000\n")

    assert parse(["run", "--config", file]).most_output_bytes == 1000
