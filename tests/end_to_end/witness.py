"""A witness of what a HAProxy does: its own statistics, looked at over and over."""

import csv
import socket
import threading
from pathlib import Path
from typing import Self

from tests.aws.waiting import until

_PAUSE_SECONDS = 0.02
_EVERY_SERVER = b"show stat -1 4 -1\n"
_UNCHECKED = "no check"


class Witness:
    """Watches how many servers get traffic, for the length of a block.

    Args:
        runtime_api: The socket of a HAProxy.
    """

    def __init__(self, runtime_api: Path) -> None:
        self._runtime_api = runtime_api
        self._counts: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def fewest(self) -> int:
        """The fewest servers that were ever in service at once, those of this moment included."""
        if not self._over.is_set():
            self._look()
        return min(self._counts)

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            self._look()

    def _look(self) -> None:
        self._counts.add(len(in_service(self._runtime_api)))


def in_service(runtime_api: Path) -> list[str]:
    """Return the servers that a HAProxy sends traffic to, by name."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(runtime_api))
        connection.sendall(_EVERY_SERVER)
        told = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    rows = csv.DictReader(told.removeprefix("# ").splitlines())
    return [row["svname"] for row in rows if row["status"].startswith(("UP", _UNCHECKED))]


def until_in_service(runtime_api: Path, count: int) -> None:
    """Wait until a HAProxy sends traffic to this many servers."""
    until(lambda: len(in_service(runtime_api)) == count)
