"""The emulator of AWS as the tests use it.

with emulator() as aws:
    aws.client("lambda").list_functions()
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.aws.endpoint import READY, Endpoint
from tests.aws.program import Program


class Emulator(Endpoint):
    """A running emulator."""

    def __init__(self) -> None:
        command = (sys.executable, "-m", "tests.aws.server", "0")
        self._program = Program(command, {"PYTHONUNBUFFERED": "1"})
        super().__init__(self._program.until_ready(self._printed_address))

    def _printed_address(self) -> str | None:
        lines = self._program.output.splitlines(keepends=True)
        ready = (line for line in lines if line.startswith(READY) and line.endswith("\n"))
        return next((line.removeprefix(READY).strip() for line in ready), None)

    @property
    def pid(self) -> int:
        """The emulator's process id."""
        return self._program.pid

    def reset(self) -> None:
        """Forget everything, as a new account."""
        self.ask("/moto-api/reset", method="POST", body=b"")

    def stop(self) -> None:
        """End it; nothing it knew survives."""
        self.close()
        self._program.stop()


@contextmanager
def emulator() -> Iterator[Emulator]:
    """Run an emulator for the length of the block."""
    running = Emulator()
    try:
        yield running
    finally:
        running.stop()
