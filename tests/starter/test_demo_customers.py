"""Customers before small servers that answer as they are told, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from starter.demo.customers import Customer, Lost, customers
from starter.processes import free_port
from tests.starter.other_processes import until

RELEASES = ("v1", "v2")
CLOSE = "Connection: close\r\n"


def answer(body: str, *, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}".encode()


class Shop:
    """Answers one request after the other with `answers`, then with the last one for ever.

    An answer that is empty breaks the connection off.
    """

    def __init__(self, answers: Iterable[bytes]) -> None:
        self._answers = list(answers)
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                writer.write(said)
                if not said or b"Connection: close" in said:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def shop(*answers: bytes) -> AsyncIterator[Shop]:
    it = Shop(answers)
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.port = server.sockets[0].getsockname()[1]
    async with server:
        yield it


@asynccontextmanager
async def customer(port: int) -> AsyncIterator[Customer]:
    somebody = Customer(port, RELEASES)
    try:
        yield somebody
    finally:
        somebody.leave()


async def test_a_customer_asks_over_one_connection() -> None:
    async with shop(answer("v1"), answer("v2")) as it, customer(it.port) as somebody:
        answers = [await somebody.ask() for _ in range(3)]

    assert (answers, it.connections) == (["v1", "v2", "v2"], 1)


async def test_a_customer_connects_again_after_a_polite_close() -> None:
    last = answer("v1", more=CLOSE)
    async with shop(last, answer("v1")) as it, customer(it.port) as somebody:
        await somebody.ask()
        await somebody.ask()

    assert it.connections == 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(b"", "connection broken off", id="broken off"),
        pytest.param(answer("sorry", status="503 No"), "^answered 503$", id="an error"),
        pytest.param(answer("a page"), "something else: a page", id="no release"),
        pytest.param(b"220 ready\r\n\r\n", "no answer in HTTP", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", "no answer in HTTP", id="no length"),
        pytest.param(answer("v1", more=CLOSE)[:-1], "connection broken off", id="cut short"),
    ],
)
async def test_a_request_without_a_proper_answer_is_lost(said: bytes, why: str) -> None:
    async with shop(said) as it, customer(it.port) as somebody:
        with pytest.raises(Lost, match=why):
            await somebody.ask()


async def test_a_request_nobody_listens_to_is_lost() -> None:
    async with customer(free_port()) as somebody:
        with pytest.raises(Lost, match="connection refused"):
            await somebody.ask()


async def test_a_customer_goes_on_after_a_lost_request() -> None:
    async with shop(b"", answer("v1")) as it, customer(it.port) as somebody:
        with pytest.raises(Lost):
            await somebody.ask()

        assert await somebody.ask() == "v1"


async def test_customers_enter_what_they_are_answered() -> None:
    said = (answer("v1"), b"", answer("v2"))
    async with shop(*said) as it, customers(it.port, RELEASES) as ledger:
        await until(lambda: ledger.total.answered["v2"])

    assert ledger.total.answered["v1"] == 1
    assert ledger.why_lost == {"connection broken off": 1}


async def test_no_request_is_under_way_when_the_customers_have_left() -> None:
    async with shop(answer("v1")) as it, customers(it.port, RELEASES) as ledger:
        await until(lambda: ledger.total.requests > 20)

    assert ledger.total.lost == 0


async def test_an_error_of_the_story_is_not_hidden_by_the_customers() -> None:
    async with shop(answer("v1")) as it:
        with pytest.raises(LookupError):
            async with customers(it.port, RELEASES):
                raise LookupError
