"""The demo's customers: they ask all the time, each over a connection that stays open."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from starter.demo.ledger import Ledger

REQUESTS_PER_SECOND = 100

_CUSTOMERS = 10
_PAUSE_SECONDS = _CUSTOMERS / REQUESTS_PER_SECOND
_PATIENCE_SECONDS = 10
_SHOWN = 60
_REQUEST = b"GET /version HTTP/1.1\r\nHost: shop\r\n\r\n"


class Lost(Exception):
    """A request was not answered as it should be; the message says what came instead."""


class Customer:
    """Somebody with one connection, who asks for the release and never asks twice.

    Args:
        port: Of this machine, where the shop is.
        releases: What counts as an answer.
    """

    def __init__(self, port: int, releases: Collection[str]) -> None:
        self._port = port
        self._releases = releases
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> str:
        """Return the release that answers; connect first if there is no connection.

        Raises:
            Lost: The request was refused, broken off, too slow, or answered by something else.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, body = await self._exchange()
        except TimeoutError:
            self.leave()
            raise Lost(f"no answer within {_PATIENCE_SECONDS} s") from None
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, LookupError) as error:
            self.leave()
            raise Lost(_in_words(error)) from None
        if status != "200":
            raise Lost(f"answered {status}")
        if body not in self._releases:
            raise Lost(f"answered with something else: {' '.join(body.split())}"[:_SHOWN])
        return body

    def leave(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self) -> tuple[str, str]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(_REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.lower().splitlines()[:-1]
        headers = {name: value.strip() for name, _, value in (one.partition(":") for one in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.leave()
        return status_line.split()[1], body.decode(errors="replace")


def _in_words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError | EOFError):
        return "connection broken off"
    return f"no answer in HTTP: {error}"[:_SHOWN]


@asynccontextmanager
async def customers(port: int, releases: Collection[str]) -> AsyncIterator[Ledger]:
    """Let customers ask for the length of the block; all that was asked is then in the ledger.

    Args:
        port: Where they ask.
        releases: What they expect to be answered with.
    """
    ledger = Ledger()
    over = asyncio.Event()
    crowd = [
        asyncio.create_task(_keep_asking(Customer(port, releases), ledger, over, wait=turn))
        for turn in (number / REQUESTS_PER_SECOND for number in range(_CUSTOMERS))
    ]
    try:
        yield ledger
        over.set()
        await asyncio.gather(*crowd)
        ledger.close()
    finally:
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)


async def _keep_asking(
    customer: Customer, ledger: Ledger, over: asyncio.Event, *, wait: float
) -> None:
    """Ask at a steady pace; who was held up does not make up for it."""
    clock = asyncio.get_running_loop().time
    due = clock() + wait
    try:
        while not over.is_set():
            await asyncio.sleep(due - clock())
            due = max(due + _PAUSE_SECONDS, clock())
            try:
                ledger.answered(await customer.ask())
            except Lost as loss:
                ledger.lost(str(loss))
    finally:
        customer.leave()
