"""Calls of an emulator from many threads, one after the other."""

from threading import Lock
from typing import Any

from tests.aws.emulator import Emulator
from tests.aws.endpoint import Credentials, Endpoint


class Orderly(Endpoint):
    """The address of an emulator, whose clients wait for each other.

    moto fails if something is made while it looks for something else of the kind. Waiting between
    two calls can still be done by many at once.
    """

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator.url)
        self._turn = Lock()

    def _make_client(self, service: str, credentials: Credentials) -> Any:
        client = super()._make_client(service, credentials)
        client.meta.events.register("before-call", self._take_turn)
        for end in ("after-call", "after-call-error"):
            client.meta.events.register(end, self._end_turn)
        return client

    def _take_turn(self, **_: Any) -> None:
        self._turn.acquire()

    def _end_turn(self, **_: Any) -> None:
        self._turn.release()
