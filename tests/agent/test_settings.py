"""What the person who starts an agent may set."""

from pathlib import Path

import pytest

from agent.settings import parse
from codedeploy.instance import Tag

EVERYTHING = (
    "run --name web-1 --tag role=web --tag zone=a --root /r --destination-root /d "
    "--env PORT=80 --address h:1 --namespace n"
)


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
        parse(arguments)

    written = capsys.readouterr().err
    assert caught.value.code == 2
    assert said in written
    assert written.count("\n") == 1
