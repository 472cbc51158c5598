"""The command `rollway-agent`.

Each command is imported when it is asked for: `--help` and errors need no Temporal, and a running
agent holds nothing of the others.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from activities.leaving import leave
from agent.descriptors import keep_from_scripts
from agent.flags import add_configuration_flag, add_run_flags
from agent.local.flags import add_local_flags
from codedeploy.errors import InvalidInput, RollwayError

if TYPE_CHECKING:
    from agent.systemd import Systemd


def main() -> NoReturn:
    """Run the command line, and end the process with the status of what it says."""
    leave(perform(sys.argv[1:]))


def perform(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; return 0, 1 if that did not work, 2 if told wrongly.

    `run` returns 0 after SIGTERM or SIGINT.
    """
    given = parser().parse_args(arguments)
    try:
        status: int = given.perform(given)
    except RollwayError as error:
        sys.stderr.write(f"rollway-agent: {error.message}\n")
        return 2 if isinstance(error, InvalidInput) else 1
    return status


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the way out."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See: {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; what it returns knows how to `perform` itself."""
    whole = _Parser(prog="rollway-agent", description="Deploys to this host what Rollway asks for.")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="register this host and wait for deployments")
    run.set_defaults(perform=_run)
    add_run_flags(run)
    _add_service(commands)
    local = commands.add_parser("local", help="deploy to this host now, without any server")
    local.set_defaults(perform=_local)
    add_local_flags(local)
    return whole


def _add_service(commands: "argparse._SubParsersAction[_Parser]") -> None:
    install = commands.add_parser("install", help="make the agent a systemd service, and start it")
    install.set_defaults(perform=_install)
    add_configuration_flag(install)
    uninstall = commands.add_parser("uninstall", help="stop the systemd service, and remove it")
    uninstall.set_defaults(perform=_uninstall)
    for one in (install, uninstall):
        one.add_argument(
            "--unit-directory",
            type=Path,
            metavar="DIR",
            help="only write or remove the unit there, and leave systemd alone",
        )


def _run(given: argparse.Namespace) -> int:
    from agent.service import run
    from agent.settings import s3_variables, settings_of

    keep_from_scripts()
    settings = settings_of(given, os.environ)
    os.environ.update(s3_variables(settings.configuration, os.environ))
    run(settings)
    return 0


def _local(given: argparse.Namespace) -> int:
    from agent.local.deployment import deploy
    from agent.local.settings import local_settings_of

    keep_from_scripts()
    settings = local_settings_of(given, os.environ)
    os.environ.update(settings.s3_variables)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return 0 if deploy(settings, sys.stdout) else 1


def _install(given: argparse.Namespace) -> int:
    from agent.systemd import install

    sys.stdout.write(install(given.config, _systemd(given)))
    return 0


def _uninstall(given: argparse.Namespace) -> int:
    from agent.systemd import uninstall

    sys.stdout.write(uninstall(_systemd(given)))
    return 0


def _systemd(given: argparse.Namespace) -> "Systemd":
    from agent.systemd import Systemd

    if given.unit_directory is None:
        return Systemd()
    return Systemd(given.unit_directory.absolute(), runtime=None)


if __name__ == "__main__":
    main()
