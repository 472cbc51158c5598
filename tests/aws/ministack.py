"""A second emulator, for CloudWatch alarms that follow metrics or other alarms.

Its packages contradict ours, so it lives in a virtual environment inside the one that runs
the tests; `make test` puts it there. A program gets its alarms from here and the rest from the
emulator if its `AWS_ENDPOINT_URL_CLOUDWATCH` says so.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK, Endpoint
from tests.aws.program import Program

PYTHON = Path(sys.prefix) / "ministack/bin/python"


class Ministack(Endpoint):
    """A running ministack.

    Raises:
        RuntimeError: It is not installed.
    """

    def __init__(self, python: Path = PYTHON) -> None:
        if not python.exists():
            raise RuntimeError(
                f"ministack is not installed: expected {python}, found nothing. Run `make test`, "
                "or install constraints-ministack.txt into a virtual environment at "
                f"{python.parents[1]}"
            )
        port = free_port()
        super().__init__(f"http://{LOOPBACK}:{port}")
        where = {"BIND_HOST": LOOPBACK, "GATEWAY_PORT": str(port)}
        self._program = Program((str(python), "-m", "ministack"), where)
        self._program.until_ready(self._healthy)

    def _healthy(self) -> str | None:
        try:
            return str(self.ask("/_ministack/health"))
        except OSError:
            return None

    def reset(self) -> None:
        """Forget everything, as a new account."""
        self.ask("/_ministack/reset", method="POST", body=b"")

    def stop(self) -> None:
        """End it; nothing it knew survives."""
        self.close()
        self._program.stop()


@contextmanager
def ministack() -> Iterator[Ministack]:
    """Run a ministack for the length of the block."""
    running = Ministack()
    try:
        yield running
    finally:
        running.stop()
