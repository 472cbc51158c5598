"""AWS, and the places that bundles come from, emulated."""

from collections.abc import Iterator

import pytest

from activities.aws import Aws
from tests.activities.object_store import CREDENTIALS, ObjectStore, emulated_s3
from tests.activities.web_server import WebServer
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults, faults


@pytest.fixture
def clients(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """What a worker asks AWS with; AWS is the emulated one."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    clients = Aws()
    yield clients
    clients.close()


@pytest.fixture(scope="session")
def proxy(running_emulator: Emulator) -> Iterator[Faults]:
    with faults(running_emulator) as proxy:
        yield proxy


@pytest.fixture
def failing(proxy: Faults, clients: Aws, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What stands between `clients` and AWS; there are no rules yet."""
    proxy.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    return proxy


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStore]:
    with emulated_s3() as store:
        yield store


@pytest.fixture
def use_s3(s3: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """S3 is the emulated one."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3


@pytest.fixture
def broken_s3(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    """S3 is a web server that misbehaves as it is told."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.address)
    return server
