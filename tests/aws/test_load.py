"""The clients of the data planes: whose answers count."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.aws.endpoint import LOOPBACK
from tests.aws.load import Load
from tests.aws.waiting import until


class Shop(ThreadingHTTPServer):
    """A server whose answer is chosen when it is asked, and sent once it is open."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Visit)
        self.release = "old"
        self.asked: list[str] = []
        self.open = threading.Event()


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shop

    def do_GET(self) -> None:
        release = self.server.release
        self.server.asked.append(release)
        self.server.open.wait()
        body = release.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop, ThreadPoolExecutor() as pool:
        pool.submit(shop.serve_forever)
        yield shop
        shop.open.set()
        shop.shutdown()


def test_a_request_that_was_on_its_way_does_not_count(shop: Shop) -> None:
    with Load((LOOPBACK, shop.server_port), clients=2) as load, ThreadPoolExecutor() as pool:
        until(lambda: shop.asked == ["old", "old"])
        shop.release = "new"
        taken = pool.submit(load.take, 10)
        shop.open.set()

        assert taken.result() == Counter({"new": 10})
    assert load.answers["old"] == 2
