"""The agent's configuration file."""

from pathlib import Path

import pytest

from agent.configuration import Configuration, Tls, parse_configuration, read_configuration
from codedeploy.errors import InvalidInput

WHOLE = """\
name: web-1
tags:
  role: web
root: /var/lib/rollway-agent
destinationRoot: /srv
env:
  STAGE: production
address: 10.0.0.5:7233
namespace: rollway
apiKey: secret
tls:
  serverName: temporal.example
  serverCaCert: /etc/rollway/ca.pem
  clientCert: /etc/rollway/agent.pem
  clientKey: /etc/rollway/agent.key
s3Endpoint: https://store.example:9000
s3Region: eu-west-1
"""


def written(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "agent.yml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, WHOLE), must_exist=True)

    assert configuration == Configuration(
        name="web-1",
        tags={"role": "web"},
        root="/var/lib/rollway-agent",
        destination_root="/srv",
        env={"STAGE": "production"},
        address="10.0.0.5:7233",
        namespace="rollway",
        api_key="secret",
        tls=Tls(
            server_name="temporal.example",
            server_ca_cert="/etc/rollway/ca.pem",
            client_cert="/etc/rollway/agent.pem",
            client_key="/etc/rollway/agent.key",
        ),
        s3_endpoint="https://store.example:9000",
        s3_region="eu-west-1",
    )


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n  # name: web-1\n"])
def test_a_file_of_comments_says_nothing(text: str) -> None:
    assert parse_configuration(text) == Configuration()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("tag: {}", "line 1: tag: unknown key; did you mean tags?", id="unknown key"),
        pytest.param("tls: {ca: /x}", "tls.ca: unknown key", id="unknown key inside"),
        pytest.param("tags: {zone: 1}", "tags.zone: expected text, found 1", id="number"),
        pytest.param("tags: [web]", "tags: expected a map, found a list", id="list"),
        pytest.param("name: a b", "'a b' is no valid name", id="name"),
        pytest.param("root: here", "expected an absolute path, found 'here'", id="path"),
        pytest.param("env: {1X: a}", "'1X' is no name of a variable", id="variable"),
        pytest.param("s3Endpoint: store:9000", "s3Endpoint: expected http://HOST:PORT", id="store"),
        pytest.param("s3Endpoint: ftp://store", "expected http://HOST:PORT", id="store's scheme"),
        pytest.param("s3Endpoint: http://me:x@store", "expected http://HOST:PORT", id="login"),
        pytest.param("s3Region: EU", "expected a region such as eu-west-1", id="region"),
        pytest.param("- name", "expected a map with keys such as name", id="no map"),
        pytest.param("name: 'x", "not readable as YAML", id="no yaml"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_configuration(text)

    assert "line 1: " in caught.value.message
    assert said in caught.value.message


def test_all_problems_are_named_together() -> None:
    with pytest.raises(InvalidInput, match="2 problems"):
        parse_configuration("nmae: x\nroot: here\n")


def test_one_that_need_not_be_there_says_nothing(tmp_path: Path) -> None:
    assert read_configuration(tmp_path / "none", must_exist=False) == Configuration()


def test_one_that_must_be_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no configuration file"):
        read_configuration(tmp_path / "none", must_exist=True)


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        read_configuration(tmp_path, must_exist=False)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_one_that_others_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidInput, match="chmod go-w"):
        read_configuration(written(tmp_path, "name: web-1\n", mode), must_exist=True)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_one_with_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidInput, match="chmod 600"):
        read_configuration(written(tmp_path, "apiKey: secret\n", mode), must_exist=True)


def test_one_without_a_key_may_be_read_by_all(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, "name: web-1\n", 0o644), must_exist=True)

    assert configuration.name == "web-1"


def test_a_key_does_not_show_where_a_configuration_is_printed() -> None:
    assert "secret" not in repr(parse_configuration("apiKey: secret\n"))
