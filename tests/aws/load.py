"""Clients that keep asking, and count who answers.

Each keeps its connection, and asks at times of its own: whoever is answered late asks the sooner
for the next, so that a load balancer that is slow gets no less to do.
"""

import asyncio
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple, Self

from tests.aws.waiting import until

_REQUEST = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
_ANSWER_SECONDS = 10

_Connection = tuple[StreamReader, StreamWriter]


class _Answer(NamedTuple):
    """What a request was answered, and when it was sent, by the monotonic clock."""

    sent: float
    body: str


class Load:
    """Requests at a constant rate, for the length of a block.

    Args:
        rate: Requests a second, of all clients together.

    Attributes:
        errors: What was answered, or happened, in the place of an answer.
    """

    def __init__(self, address: tuple[str, int], *, clients: int = 28, rate: int = 700) -> None:
        self._address = address
        self._clients, self._rate = clients, rate
        self._answers: list[_Answer] = []
        self.errors: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._keep_asking()))

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def answers(self) -> Counter[str]:
        """How often each answer was given so far."""
        return Counter(answer.body for answer in list(self._answers))

    @property
    def per_second(self) -> float:
        """How many requests a second there were so far."""
        return (len(self._answers) + len(self.errors)) / (time.monotonic() - self._begun)

    def take(self, count: int) -> Counter[str]:
        """Return how often each answer is given in the next requests.

        Those that are on their way do not count: the load balancer may have chosen who answers
        them long ago.
        """
        start, now = len(self._answers), time.monotonic()

        def answers() -> list[str]:
            return [answer.body for answer in self._answers[start:] if answer.sent >= now]

        until(lambda: len(answers()) >= count, seconds=40)
        return Counter(answers()[:count])

    # --- clients

    async def _keep_asking(self) -> None:
        await asyncio.gather(*map(self._be_client, range(self._clients)))

    async def _be_client(self, number: int) -> None:
        due = time.monotonic() + number / self._rate
        connection: _Connection | None = None
        while not self._over.is_set():
            await asyncio.sleep(due - time.monotonic())
            due += self._clients / self._rate
            connection = await self._asked(connection)
        await _closed(connection)

    async def _asked(self, connection: _Connection | None) -> _Connection | None:
        """Ask once; return the connection if it is good for another request."""
        sent = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                connection = connection or await asyncio.open_connection(*self._address)
                status, body = await _exchange(*connection)
        except (OSError, EOFError) as error:
            self.errors.append(repr(error))
        else:
            if status == HTTPStatus.OK:
                self._answers.append(_Answer(sent, body))
                return connection
            self.errors.append(f"HTTP {status}: {body[:80]}")
        await _closed(connection)
        return None


async def _exchange(reader: StreamReader, writer: StreamWriter) -> tuple[int, str]:
    """Send a request; return the status and the body of the answer."""
    writer.write(_REQUEST)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, *fields = head.splitlines()
    lengths = [field.partition(":")[2] for field in fields if field.startswith("content-length:")]
    body = await (reader.readexactly(int(lengths[0])) if lengths else reader.read())
    return int(status.split()[1]), body.decode()


async def _closed(connection: _Connection | None) -> None:
    if connection is not None:
        connection[1].close()
        with suppress(OSError):
            await connection[1].wait_closed()
