"""The agent's configuration file, by default `/etc/rollway/agent.yml`.

It decides what an agent run by root does, and may hold a key to the server: one that others can
change is refused, and so is one with a key that others can read.
"""

import os
import re
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from codedeploy.application import Name
from codedeploy.document import Findings, Node, read_one
from codedeploy.document.validation import validated
from codedeploy.errors import InvalidInput
from codedeploy.web_address import without_secrets
from codedeploy.wire import Model

DEFAULT_CONFIGURATION = Path("/etc/rollway/agent.yml")

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REGION = re.compile(r"[a-z0-9-]+")
_COMMENT = re.compile(r"\s*(#.*)?")


def check_variable(name: str) -> str:
    """Return `name` if an environment variable may be called so; raise ValueError if not."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a variable")
    return name


def check_absolute(path: str) -> str:
    """Return `path` if it is absolute; raise ValueError if not."""
    if not path.startswith("/"):
        raise ValueError(f"expected an absolute path, found {path!r}")
    return path


def check_endpoint(address: str) -> str:
    """Return `address` if a store can be reached there; raise ValueError if not."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        found = without_secrets(address)
        raise ValueError(f"expected http://HOST:PORT or https://HOST, found {found!r}")
    return address


def check_region(name: str) -> str:
    """Return `name` if a region may be called so; raise ValueError if not."""
    if not _REGION.fullmatch(name):
        raise ValueError(f"expected a region such as eu-west-1, found {name!r}")
    return name


_AbsolutePath = Annotated[str, AfterValidator(check_absolute)]
_Variable = Annotated[str, AfterValidator(check_variable)]


class Tls(Model):
    """How to know the server and be known to it; certificates and keys are named by path."""

    server_name: str | None = None
    server_ca_cert: _AbsolutePath | None = None
    client_cert: _AbsolutePath | None = None
    client_key: _AbsolutePath | None = None


class Configuration(Model):
    """What a configuration file says; None and nothing leave it to others.

    Attributes:
        env: Variables given to every script.
        s3_endpoint: Of a store that speaks S3's language.
        s3_region: Of the buckets.
        most_unpacked_bytes, most_unpacked_members: A bundle that grows to more is refused.
        most_output_bytes: What a script prints beyond is not kept.
    """

    name: Name | None = None
    tags: dict[str, str] = {}
    root: _AbsolutePath | None = None
    destination_root: _AbsolutePath | None = None
    env: dict[_Variable, str] = {}
    address: str | None = None
    namespace: str | None = None
    api_key: str | None = Field(default=None, repr=False)
    tls: Tls | None = None
    s3_endpoint: Annotated[str, AfterValidator(check_endpoint)] | None = None
    s3_region: Annotated[str, AfterValidator(check_region)] | None = None
    most_unpacked_bytes: int | None = Field(default=None, ge=1)
    most_unpacked_members: int | None = Field(default=None, ge=1)
    most_output_bytes: int | None = Field(default=None, ge=1)


def read_configuration(path: Path, *, must_exist: bool) -> Configuration:
    """Return what the file at `path` says; nothing if there is none and none is needed.

    Raises:
        InvalidInput: It is missing, unsafe, unreadable or wrong; a problem names its line.
    """
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        if not must_exist:
            return Configuration()
        raise InvalidInput(f"There is no configuration file {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    configuration = parse_configuration(text, filename=str(path))
    _check_mode(path, mode, holds_a_key=configuration.api_key is not None)
    return configuration


def parse_configuration(text: str, *, filename: str = "agent.yml") -> Configuration:
    """Return what the `text` of a configuration file says.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    if all(_COMMENT.fullmatch(line) for line in text.splitlines()):
        return Configuration()
    findings = Findings(filename)
    return findings.settle(_read(read_one(text, findings), findings))


def _read(root: Node, findings: Findings) -> Configuration | None:
    if not isinstance(root.value, dict):
        findings.expected(root, "a map with keys such as name, tags and address")
        return None
    return validated(root, Configuration, members=root.without_nulls(), findings=findings)


def _check_mode(path: Path, mode: int, *, holds_a_key: bool) -> None:
    if mode & 0o022:
        raise InvalidInput(
            f"{path} can be changed by other users (mode {mode:04o}), and decides what this agent "
            f"runs. Take that away: chmod go-w {path}"
        )
    if holds_a_key and mode & 0o077:
        raise InvalidInput(
            f"{path} holds an apiKey and can be read by other users (mode {mode:04o}). "
            f"Take that away: chmod 600 {path}"
        )
