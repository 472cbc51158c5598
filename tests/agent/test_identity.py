"""Who a host is, by its own word or by EC2's."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from agent.identity import Identity, NoMetadata, identity_of
from codedeploy.errors import InvalidApplicationName
from starter.processes import free_port

TOKEN = "a-token"
PLACES = {
    "/latest/meta-data/instance-id": "i-0abc",
    "/latest/meta-data/placement/availability-zone": "eu-central-1a",
    "/latest/meta-data/tags/instance": "role\ncost center",
    "/latest/meta-data/tags/instance/role": "web",
    "/latest/meta-data/tags/instance/cost%20center": "42",
}


class Metadata(ThreadingHTTPServer):
    """A metadata service that insists on version 2."""

    daemon_threads = True
    places: dict[str, str]
    tokens: int


class _Answer(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        is_asked_well = (
            self.path == "/latest/api/token"
            and self.headers["X-aws-ec2-metadata-token-ttl-seconds"] is not None
        )
        self.server.tokens += 1
        self._send(200 if is_asked_well else 400, TOKEN)

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != TOKEN:
            self._send(401, "")
        else:
            text = self.server.places.get(self.path)
            self._send(404 if text is None else 200, text or "not here")

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    with Metadata(("127.0.0.1", 0), _Answer) as server:
        server.places, server.tokens = dict(PLACES), 0
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_without_a_name_it_is_the_machines_own() -> None:
    assert identity_of(None) == Identity(socket.gethostname())


def test_a_given_name_is_taken_and_nobody_is_asked(metadata: Metadata) -> None:
    assert identity_of("web-1") == Identity("web-1")
    assert metadata.tokens == 0


def test_ec2_says_instance_id_zone_and_tags(metadata: Metadata) -> None:
    assert identity_of("ec2") == Identity(
        "i-0abc", {"zone": "eu-central-1a", "role": "web", "cost center": "42"}
    )


def test_a_tag_named_zone_wins_over_the_availability_zone(metadata: Metadata) -> None:
    metadata.places["/latest/meta-data/tags/instance"] = "zone"
    metadata.places["/latest/meta-data/tags/instance/zone"] = "edge"

    assert identity_of("ec2").tags == {"zone": "edge"}


def test_an_instance_that_hides_its_tags_has_its_zone_only(metadata: Metadata) -> None:
    del metadata.places["/latest/meta-data/tags/instance"]

    assert identity_of("ec2").tags == {"zone": "eu-central-1a"}


def test_an_answer_without_an_instance_id_is_refused(metadata: Metadata) -> None:
    del metadata.places["/latest/meta-data/instance-id"]

    with pytest.raises(NoMetadata, match="knows no meta-data/instance-id"):
        identity_of("ec2")


def test_an_id_that_is_no_name_is_refused(metadata: Metadata) -> None:
    metadata.places["/latest/meta-data/instance-id"] = "<html>sign in</html>"

    with pytest.raises(InvalidApplicationName, match="the instance id of EC2"):
        identity_of("ec2")


@pytest.mark.parametrize(
    "address", [f"http://127.0.0.1:{free_port()}", "http://[::1", "http://:80", "nonsense"]
)
def test_where_nobody_answers_the_way_out_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)

    with pytest.raises(NoMetadata, match="name the host with --name"):
        identity_of("ec2")


def test_a_service_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)

        with pytest.raises(NoMetadata, match="timed out"):
            identity_of("ec2")
