"""The places that bundles come from, emulated."""

from collections.abc import Iterator

import pytest

from tests.activities.object_store import CREDENTIALS, ObjectStore, emulated_s3
from tests.activities.web_server import WebServer


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
