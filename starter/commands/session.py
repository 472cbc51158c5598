"""Running a command against a Rollway: flags in, connection open, exit status out."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Protocol, cast

import typer

from starter.commands.options import Address, Namespace, NoColor
from starter.commands.terminal import Terminal

if TYPE_CHECKING:  # the client costs most of a second, which --help and mistakes need not pay
    from starter.client import Rollway


class Connect(Protocol):
    """What opens a connection; tests put their own into the context's `obj`."""

    def __call__(self, *, address: str | None, namespace: str | None) -> Awaitable["Rollway"]:
        """Open a connection."""


class Session:
    """What a command works with: the Rollway it asks and the terminal it answers on."""

    def __init__(self, connect: Callable[[], Awaitable["Rollway"]], terminal: Terminal) -> None:
        self._connect = connect
        self._rollway: Rollway | None = None
        self.terminal = terminal

    async def rollway(self) -> "Rollway":
        """Return the connection, which is opened when it is first asked for.

        So what can be judged here is judged before a server must answer.
        """
        if self._rollway is None:
            self._rollway = await self._connect()
        return self._rollway


Command = Callable[..., Coroutine[Any, Any, int | None]]


def connected(command: Command) -> Callable[..., None]:
    """Return `command` as Typer takes it: plain, with the options of a connection.

    The command's first parameter is its `Session`; an int it returns is the exit status.
    """

    @wraps(command)
    def run(
        context: typer.Context,
        *,
        address: str | None,
        namespace: str | None,
        no_color: bool,
        **options: Any,
    ) -> None:
        connect = cast("Connect", context.obj or connect_to_rollway)
        session = Session(
            partial(connect, address=address, namespace=namespace), Terminal(color=not no_color)
        )
        if code := asyncio.run(command(session, **options)):
            raise typer.Exit(code)

    run.__signature__ = _with_connection_options(command)  # type: ignore[attr-defined]
    return run


async def connect_to_rollway(*, address: str | None, namespace: str | None) -> "Rollway":
    """Open a connection to the Rollway that flags or environment name."""
    from starter.client import Rollway

    return await Rollway.connect(address=address, namespace=namespace)


def _with_connection_options(command: Command) -> inspect.Signature:
    """Return the signature of `command` with the session replaced by what opens one."""
    own = list(inspect.signature(command).parameters.values())[1:]
    return inspect.Signature(
        [
            _parameter("context", typer.Context),
            *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own),
            _parameter("address", Address, default=None),
            _parameter("namespace", Namespace, default=None),
            _parameter("no_color", NoColor, default=False),
        ]
    )


def _parameter(
    name: str, annotation: Any, *, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)
