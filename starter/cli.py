"""The `rollway` command: a table of commands that are imported when they are called.

Only Typer is imported here, so that `rollway --help` answers at once; what a command needs comes
with the module that the table names.
"""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from activities.leaving import leave

COMMANDS = {
    "demo": (
        "starter.demo.command:demo",
        "Watch a fleet deployed to and a bad release rolled back.",
    ),
    "up": ("starter.up:up", "Start a Temporal server and a worker on this machine."),
    "doctor": ("starter.doctor:doctor", "Check the server, the worker and the agents."),
    "apply": ("starter.commands.applying:apply", "Create or update what manifests describe."),
    "get": ("starter.commands.getting:get", "Show applications, groups, instances and more."),
    "push": (
        "starter.commands.applying:push",
        "Register a directory, archive or AppSpec file as a revision.",
    ),
    "validate": (
        "starter.commands.validating:validate",
        "Check AppSpec files, bundles and manifests without a server.",
    ),
    "plan": ("starter.commands.deploying:plan", "Show what a deployment would do."),
    "deploy": ("starter.commands.deploying:deploy", "Deploy a revision to a group."),
    "status": ("starter.commands.watching:status", "Show or watch a deployment."),
    "list": ("starter.commands.watching:list_deployments", "List deployments, newest first."),
    "logs": ("starter.commands.watching:logs", "Print the script output of a host."),
    "stop": ("starter.commands.steering:stop", "Stop a deployment, with or without rollback."),
    "pause": ("starter.commands.steering:pause", "Pause after the batches or shift under way."),
    "resume": ("starter.commands.steering:resume", "Go on with a paused deployment."),
    "continue": (
        "starter.commands.steering:continue_",
        "End a deployment's wait: reroute, or delete the original.",
    ),
    "approve": ("starter.commands.steering:approve", "Let a waiting deployment go on."),
    "reject": ("starter.commands.steering:reject", "End a waiting deployment and roll it back."),
    "hook-status": (
        "starter.commands.steering:hook_status",
        "Give the verdict of a hook function.",
    ),
    "rollback": ("starter.commands.deploying:rollback", "Go back to the last good revision."),
    "version": ("starter.commands.version:version", "Print the version."),
}
"""Where each command lives, and its line in the help."""

EXIT_CODES = (
    "Exit status: 0 succeeded, 1 failed or refused, 2 usage or invalid input, 3 stopped, 130 left "
    "with Ctrl-C."
)


class LazyGroup(TyperGroup):
    """Lists placeholders and runs the commands they stand for; errors become one message."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Return the real command in place of its placeholder."""
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, _command(str(placeholder.name)) if placeholder else None, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what the person must act on goes to standard error."""
        from codedeploy.errors import RollwayError

        try:
            super().invoke(ctx)
            sys.stdout.flush()  # a closed pipe must be noticed while it can be passed over
        except RollwayError as error:
            raise typer.Exit(_report(error)) from error


def _command(name: str) -> Any:
    """Import the command called `name`."""
    module, attribute = COMMANDS[name][0].split(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        single.command(name)(found)
        found = single
    command = typer.main.get_command(found)
    command.name = name
    return command


def _report(error: Any) -> int:
    from starter.commands.exit_codes import exit_code_of_error
    from starter.render.lines import clean

    print(f"error: {clean(error.message)}", file=sys.stderr, flush=True)  # noqa: T201
    return exit_code_of_error(error)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from starter.commands.version import version

        version()
        raise typer.Exit


@app.callback()
def rollway(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Deploy to servers, functions and services, durably: a self-hosted CodeDeploy on Temporal."""


def _placeholder() -> None:
    """Stand in the list of commands."""


for _name, (_, _summary) in COMMANDS.items():
    app.command(_name, help=_summary)(_placeholder)


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="rollway")
    except SystemExit as left:
        leave(left.code if isinstance(left.code, int) else int(bool(left.code)))
