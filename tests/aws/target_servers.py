"""What runs in the containers of tasks: HTTP servers that say which version they are.

    python -m tests.aws.target_servers

One process for all of them. A line on standard input, a JSON object such as
`{"127.2.0.7:8080": "shop:2"}`, says who is to answer, and with what; a line on standard output says
that it is so. Who is not in the last line ends as a good server does at SIGTERM: it does not listen
any more and closes the connections that are idle, but finishes the answers it has begun.
"""

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress

ANSWER_SECONDS = 0.005
"""How long an answer takes, so that there is always one on its way."""


class Server:
    """What listens at one address.

    Args:
        answer: What it says, whatever it is asked.
    """

    def __init__(self, answer: str) -> None:
        body = answer.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        self._answer = head.encode() + body
        self._idle: set[StreamWriter] = set()
        self._listening: asyncio.Server | None = None

    async def start(self, address: str) -> None:
        """Listen."""
        host, port = address.rsplit(":", 1)
        self._listening = await asyncio.start_server(self._serve, host, int(port))

    def end(self) -> None:
        """Take no more requests; finish those that have arrived."""
        assert self._listening
        self._listening.close()
        self._listening = None
        for connection in self._idle:
            connection.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request after the other on a connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while self._listening:
                self._idle.add(writer)
                await reader.readuntil(b"\r\n\r\n")
                self._idle.remove(writer)
                await asyncio.sleep(ANSWER_SECONDS)
                writer.write(self._answer)
                await writer.drain()
        self._idle.discard(writer)
        writer.close()


async def main() -> None:
    """Do as the lines say until there are no more."""
    loop = asyncio.get_running_loop()
    servers: dict[str, Server] = {}
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await adjust(servers, json.loads(line))
        print("listening", flush=True)


async def adjust(servers: dict[str, Server], answers: Mapping[str, str]) -> None:
    """Let exactly these addresses answer."""
    for address in servers.keys() - answers.keys():
        servers.pop(address).end()
    for address in answers.keys() - servers.keys():
        servers[address] = Server(answers[address])
        await servers[address].start(address)


if __name__ == "__main__":
    asyncio.run(main())
