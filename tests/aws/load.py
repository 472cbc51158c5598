"""Clients that keep asking, and count who answers."""

import http.client
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from tests.aws.waiting import until


class Load:
    """Requests, one after the other from each of a few clients, for the length of a block.

    Attributes:
        errors: What was answered, or happened, in the place of an answer.
    """

    def __init__(self, address: tuple[str, int], *, clients: int = 4) -> None:
        self._address = address
        self._answers: list[str] = []
        self.errors: list[str] = []
        self._over = threading.Event()
        self._clients = [threading.Thread(target=self._keep_asking) for _ in range(clients)]

    def __enter__(self) -> Self:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for client in self._clients:
            client.join()

    @property
    def answers(self) -> Counter[str]:
        """How often each answer was given so far."""
        return Counter(list(self._answers))

    def take(self, count: int) -> Counter[str]:
        """Return how often each answer is given in the next requests."""
        start = len(self._answers)
        until(lambda: len(self._answers) >= start + count, seconds=40)
        return Counter(self._answers[start : start + count])

    def _keep_asking(self) -> None:
        while not self._over.is_set():
            connection = http.client.HTTPConnection(*self._address, timeout=10)
            try:
                while not self._over.is_set():
                    self._ask(connection)
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                self._over.wait(0.01)
            finally:
                connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read().decode()
        if response.status == 200:
            self._answers.append(body)
        else:
            self.errors.append(f"HTTP {response.status}: {body[:80]}")
            self._over.wait(0.01)
