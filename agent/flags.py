"""The flags of `rollway-agent run`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.configuration import DEFAULT_CONFIGURATION, check_variable
from agent.identity import EC2
from agent.settings import DEFAULT_ROOT, directory
from codedeploy.application import check_name
from codedeploy.errors import InvalidInput

T = TypeVar("T")


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `agent.settings.settings_of` wants to know."""
    add_configuration_flag(parser)
    _add_identity(parser)
    _add_places(parser)
    _add_server(parser)


def add_configuration_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that names the configuration file."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the configuration file (default: {DEFAULT_CONFIGURATION}, if it is there)",
    )


def _add_identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name",
        type=_name,
        help=f"the instance's name; {EC2} takes instance id, zone and tags from EC2 "
        "(default: the host's name)",
    )
    parser.add_argument(
        "--tag",
        type=_pair,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a tag by which deployment groups find this host; may be repeated",
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=_directory,
        metavar="DIR",
        help=f"where the agent keeps revisions, logs and journals (default: {DEFAULT_ROOT})",
    )
    parser.add_argument(
        "--destination-root",
        type=_directory,
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
    return _judged(lambda: check_name(text, of="the instance"))


def _directory(text: str) -> Path:
    return _judged(lambda: directory(text))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, found {text!r}")
    return key, value


def _variable(text: str) -> tuple[str, str]:
    name, value = _pair(text)
    return _judged(lambda: check_variable(name)), value


def _judged(read: Callable[[], T]) -> T:
    """Return what `read` returns; argparse shows the reason of a refusal only as its own error."""
    try:
        return read()
    except InvalidInput as error:
        raise argparse.ArgumentTypeError(error.message) from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
