"""One agent process: its lock, its patience, its end."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.cli import parser
from agent.connection import registration_of, server_configuration
from agent.lock import RootInUse, exclusive
from agent.settings import Settings, settings_of
from codedeploy.errors import InvalidInput
from starter.processes import free_port


def parse(arguments: list[str]) -> Settings:
    return settings_of(parser().parse_args(arguments), {})


def test_a_root_has_one_agent(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(RootInUse, match=r"Another agent \(pid \d+\)"):
        exclusive(tmp_path).__enter__()


def test_a_root_is_free_again_when_its_agent_has_gone(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        pass

    with exclusive(tmp_path) as nothing:
        assert nothing is None


def test_a_root_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidInput, match="Name another with --root"):
        exclusive(tmp_path / "file" / "root").__enter__()


def test_the_registration_carries_name_tags_and_zone() -> None:
    settings = parse(["run", "--name", "web-1", "--tag", "role=web", "--tag", "zone=a"])

    registration = registration_of(settings)

    assert (registration.name, registration.zone) == ("web-1", "a")
    assert registration.hostname


@pytest.mark.parametrize(
    ("arguments", "variables", "expected"),
    [
        pytest.param([], {}, ("127.0.0.1:7233", "rollway"), id="defaults"),
        pytest.param(
            [],
            {"TEMPORAL_ADDRESS": "h:1", "TEMPORAL_NAMESPACE": "n"},
            ("h:1", "n"),
            id="environment",
        ),
        pytest.param(
            ["--address", "flag:2"], {"TEMPORAL_ADDRESS": "h:1"}, ("flag:2", "rollway"), id="flag"
        ),
    ],
)
def test_where_the_server_is_comes_from_flags_then_environment_then_defaults(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variables: dict[str, str],
    expected: tuple[str, str],
) -> None:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    configuration = server_configuration(parse(["run", *arguments]))

    assert (configuration["target_host"], configuration["namespace"]) == expected


@asynccontextmanager
async def agent(root: Path, port: int, *more: str) -> AsyncIterator[Process]:
    address = f"127.0.0.1:{port}"
    arguments = ("run", "--name", "web-1", "--root", str(root), "--address", address, *more)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", *arguments, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: Process) -> str:
    assert process.stderr is not None
    return (await asyncio.wait_for(process.stderr.readline(), 30)).decode()


async def test_without_a_server_it_says_so_in_lines_and_goes_on_trying(tmp_path: Path) -> None:
    port = free_port()
    async with agent(tmp_path / "root", port) as process:
        first, second = await line(process), await line(process)

    assert f"no Temporal server answers at 127.0.0.1:{port}" in first
    assert f"no Temporal server answers at 127.0.0.1:{port}" in second


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
async def test_it_ends_at_a_signal_with_status_0(tmp_path: Path, number: signal.Signals) -> None:
    async with agent(tmp_path / "root", free_port()) as process:
        await line(process)

        process.send_signal(number)

        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_a_second_agent_on_the_same_root_is_refused_with_status_1(tmp_path: Path) -> None:
    port = free_port()
    async with agent(tmp_path, port) as first:
        await line(first)
        async with agent(tmp_path, port) as second:
            said = await line(second)

            assert await asyncio.wait_for(second.wait(), 30) == 1
    assert f"(pid {first.pid}) already works in {tmp_path}" in said


async def test_a_wrong_namespace_is_named_and_a_signal_still_ends_the_agent(
    tmp_path: Path, server_address: str
) -> None:
    port = int(server_address.rpartition(":")[2])
    async with agent(tmp_path, port, "--namespace", "none-such") as process:
        said = await line(process) + await line(process)

        process.terminate()

        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert "Namespace none-such" in said
    assert "Traceback" not in said
