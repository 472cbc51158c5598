"""What the person who starts an agent may set, from flags and the environment."""

import argparse
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from codedeploy.application import check_name
from codedeploy.errors import InvalidApplicationName
from codedeploy.instance import Tag

DEFAULT_ROOT = "/var/lib/rollway-agent"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Settings:
    """How one agent runs.

    Attributes:
        name: The instance's name, by which deployments know it.
        root: Where the agent keeps what it must not forget.
        destination_root: Goes before every destination of an AppSpec.
        environment: Variables given to every script.
        address: Of the Temporal server; None leaves it to Temporal's own configuration.
        namespace: None leaves it to Temporal's own configuration.
    """

    name: str
    root: Path
    tags: tuple[Tag, ...] = ()
    destination_root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    namespace: str | None = None


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the way out."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See: {self.prog} --help\n")


def parse(arguments: Sequence[str]) -> Settings:
    """Return the settings that command-line `arguments` spell.

    Raises:
        SystemExit: With status 2 and a line on standard error, if they are wrong.
    """
    given = _parser().parse_args(arguments)
    return Settings(
        name=given.name,
        root=given.root,
        tags=tuple(given.tag),
        destination_root=given.destination_root,
        environment=dict(given.env),
        address=given.address,
        namespace=given.namespace,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rollway-agent", description="Deploys to this host what Rollway asks for."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="register this host and wait for deployments")
    _add_identity(run)
    _add_places(run)
    _add_server(run)
    return parser


def _add_identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name",
        type=_name,
        default=socket.gethostname(),
        help="the instance's name (default: the host's name)",
    )
    parser.add_argument(
        "--tag",
        type=_tag,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a tag by which deployment groups find this host; may be repeated",
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=_directory,
        default=Path(DEFAULT_ROOT),
        metavar="DIR",
        help=f"where the agent keeps revisions, logs and journals (default: {DEFAULT_ROOT})",
    )
    parser.add_argument(
        "--destination-root",
        type=_directory,
        default=Path("/"),
        metavar="DIR",
        help="goes before every destination of an AppSpec (default: /)",
    )
    parser.add_argument(
        "--env",
        type=_variable,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a variable for every script; may be repeated",
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="the Temporal server (default: TEMPORAL_ADDRESS, or 127.0.0.1:7233)",
    )
    parser.add_argument(
        "--namespace",
        help="the Temporal namespace (default: TEMPORAL_NAMESPACE, or rollway)",
    )


def _name(text: str) -> str:
    try:
        return check_name(text, of="the instance")
    except InvalidApplicationName as error:
        raise argparse.ArgumentTypeError(error.message) from error


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, found {text!r}")
    return key, value


def _tag(text: str) -> Tag:
    key, value = _pair(text)
    return Tag(key=key, value=value)


def _variable(text: str) -> tuple[str, str]:
    name, value = _pair(text)
    if not _VARIABLE.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{name!r} is no name of a variable")
    return name, value


def _directory(text: str) -> Path:
    """Return an absolute path; it is made later, when nothing else is wrong."""
    path = Path(text).absolute()
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no directory")
    return path
