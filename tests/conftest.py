"""The real Temporal server and the emulator of AWS, once a test run, and a worker on both."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from activities.aws import Aws
from activities.held_instances import Rhythm
from starter.processes import free_port
from starter.server import NAMESPACE, ServerSettings, start_server
from tests.aws.emulator import Emulator, emulator
from tests.aws.sessions import session_of
from tests.scenario import Scenario

# The same examples each time, and none of them against the clock of a busy machine.
settings.load_profile("ci")

QUICK = Rhythm(looks=0.2, looks_with_queue=1, heartbeats=1, others_messages=0.2, again=1, watch=60)
"""Looks at Auto Scaling groups as often as the emulator's instances change."""


@pytest.fixture(scope="session")
async def server_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    home = tmp_path_factory.mktemp("temporal")
    settings = ServerSettings(
        database=home / "temporal.db", log=home / "log", port=free_port(), ui_port=free_port()
    )
    server = await start_server(settings)
    yield settings.address
    await server.stop()


@pytest.fixture(scope="session")
async def temporal(server_address: str) -> Client:
    return await Client.connect(
        server_address, namespace=NAMESPACE, data_converter=pydantic_data_converter
    )


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture
def aws(running_emulator: Emulator) -> Emulator:
    running_emulator.reset()
    return running_emulator


@pytest.fixture(scope="session")
def worker_aws(
    running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aws]:
    """What the control plane's worker asks AWS with."""
    aws = Aws(session_of(running_emulator, tmp_path_factory.mktemp("aws")))
    yield aws
    aws.close()


@pytest.fixture(scope="session")
async def control_plane(
    temporal: Client, worker_aws: Aws, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Path]:
    store = tmp_path_factory.mktemp("bundles")
    with ThreadPoolExecutor(8) as executor:
        async with worker.build(temporal, store, executor, aws=worker_aws, rhythm=QUICK):
            yield store


@pytest.fixture
async def fleet(
    temporal: Client, control_plane: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Scenario]:
    async with Scenario(temporal, tmp_path, name=request.node.name[-60:]) as scenario:
        yield scenario
