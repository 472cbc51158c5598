import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from starter.processes import free_port
from tests.starter.other_processes import is_alive, that_name, until


class Up:
    """A `rollway up` under way."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._words = home.with_suffix(".words")
        with self._words.open("w") as words:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-u", "-c", "from starter.cli import main; main()", "up"),
                    *("--home", str(home), "--port", str(free_port())),
                    *("--ui-port", str(free_port())),
                ],
                stdout=words,
                stderr=words,
            )

    @property
    def words(self) -> str:
        return self._words.read_text()

    def children(self) -> dict[int, str]:
        """Return the command lines of the server and the worker."""
        return {
            pid: command
            for pid, command in that_name(f"{self.home}/").items()
            if pid != self.process.pid
        }

    def child(self, name: str) -> int | None:
        """Return the process whose command line holds `name`."""
        return next((pid for pid, command in self.children().items() if name in command), None)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path / "home")
    asyncio.run(until(lambda: "Rollway is ready" in running.words))
    yield running
    running.process.kill()
    running.process.wait()


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ["-m worker", "server start-dev"], ids=["worker", "server"])
def test_what_is_killed_comes_back(up: Up, name: str) -> None:
    killed = up.child(name)
    assert killed is not None

    os.kill(killed, signal.SIGKILL)

    asyncio.run(until(lambda: up.child(name) not in (killed, None)))
    assert up.process.poll() is None


@pytest.mark.end_to_end
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_in_order(up: Up, number: signal.Signals) -> None:
    children = up.children()

    up.process.send_signal(number)

    assert up.process.wait(timeout=30) == 0
    assert len(children) == 2
    assert [pid for pid in children if is_alive(pid)] == []
