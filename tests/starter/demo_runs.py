"""Real runs of `rollway demo`, each with a temporary directory of its own."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.starter.other_processes import that_name

ROLLWAY_DEMO = (sys.executable, "-c", "from starter.cli import main; main()", "demo")
ANOTHER_SERVER = {"TEMPORAL_ADDRESS": "temporal.invalid:7233", "TEMPORAL_API_KEY": "secret"}
"""What a person's environment may say of a server that is none of the demo's business."""


@dataclass(frozen=True)
class DemoRun:
    """A demo whose story goes to standard output, and whose words go to a file."""

    home: Path
    process: subprocess.Popen[str]

    @property
    def words(self) -> str:
        """What it has told so far."""
        return _words(self.home).read_text()

    @property
    def left_over(self) -> dict[int, str]:
        """Processes that belong to it, by number."""
        return that_name(f"{_stage(self.home)}/rollway-demo")

    @property
    def directories(self) -> list[Path]:
        """What it has made and not removed."""
        return list(_stage(self.home).iterdir())

    def end(self, number: signal.Signals) -> None:
        """Send it a signal, and return when it has ended."""
        self.process.send_signal(number)
        self.process.communicate()


@dataclass(frozen=True)
class Played:
    """A demo that has ended."""

    run: DemoRun
    code: int
    story: dict[str, Any]

    @property
    def deployments(self) -> list[dict[str, Any]]:
        """The deployments of its story."""
        deployments: list[dict[str, Any]] = self.story["deployments"]
        return deployments


def begin(home: Path, *options: str) -> DemoRun:
    """Start a demo with three hosts."""
    _stage(home).mkdir()
    with _words(home).open("w") as words:
        process = subprocess.Popen(
            [*ROLLWAY_DEMO, "--hosts", "3", "-o", "json", *options],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env={**os.environ, **ANOTHER_SERVER, "TMPDIR": str(_stage(home))},
            start_new_session=True,
        )
    return DemoRun(home, process)


def play(home: Path, *options: str) -> Played:
    """Run a demo with three hosts to its end."""
    run = begin(home, *options)
    document, _ = run.process.communicate(timeout=200)
    return Played(run, run.process.returncode, json.loads(document or "{}"))


def _stage(home: Path) -> Path:
    return home / "stage"


def _words(home: Path) -> Path:
    return home / "words"
