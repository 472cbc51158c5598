"""What the recording runner and the agent write down about one script."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.runners import Runner
from codedeploy.lifecycle import LifecycleErrorCode
from codedeploy.wire import Model

AnyModel = TypeVar("AnyModel", bound=Model)


class EndedBy(StrEnum):
    """Why the agent ended a script that had not ended by itself."""

    TIMEOUT = "timeout"
    REQUEST = "request"


class ScriptStart(Model):
    """What is about to run, for the log."""

    location: str
    time: datetime


class ScriptEnd(Model):
    """How a script ended.

    Attributes:
        phrase: What happened, to follow the script's name: `exited 1 after 4 s`.
        output_bytes: Length of the output by then; what a background child adds is not counted.
    """

    error_code: LifecycleErrorCode
    phrase: str
    time: datetime
    output_bytes: int = 0


class Recording:
    """One script's directory: who runs it, what it printed, how it ended."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.output = directory / "output"
        self._started = directory / "started"
        self._status = directory / "status"
        self._start = directory / "start.json"
        self._end = directory / "end.json"
        self._ended_by = directory / "ended-by"

    @property
    def runner(self) -> Runner | None:
        """The runner that took the script up; None if none did (yet)."""
        mark = _whole_line(self._started)
        return Runner.parse(mark) if mark is not None else None

    @property
    def exit_status(self) -> int | None:
        """What the script exited with; None if it has not or nobody could record it."""
        line = _whole_line(self._status)
        return int(line) if line is not None else None

    @property
    def seconds(self) -> float:
        """How long the script ran, once its exit status is recorded."""
        return max(0.0, self._status.stat().st_mtime - self._started.stat().st_mtime)

    @property
    def output_bytes(self) -> int:
        """Length of the output so far."""
        return self.output.stat().st_size if self.output.exists() else 0

    @property
    def ended_by(self) -> EndedBy | None:
        """Why the agent ended the script; None if it did not."""
        line = _whole_line(self._ended_by)
        return EndedBy(line) if line is not None else None

    def note_ended_by(self, reason: EndedBy) -> None:
        """Remember why the script is being ended, before it is."""
        self._ended_by.write_text(f"{reason.value}\n", "ascii")

    def open(self, location: str) -> None:
        """Make the directory, in which `location` will be recorded."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.start is None:
            start = ScriptStart(location=location, time=datetime.now(UTC))
            self._start.write_text(start.model_dump_json(), "utf-8")

    def close(self, end: ScriptEnd) -> ScriptEnd:
        """Write down how the script ended, and return it."""
        self._end.write_text(end.model_dump_json(), "utf-8")
        return end

    @property
    def start(self) -> ScriptStart | None:
        """What was started; None before `open`."""
        return _parsed(self._start, ScriptStart)

    @property
    def end(self) -> ScriptEnd | None:
        """How it ended; None before `close`."""
        return _parsed(self._end, ScriptEnd)


def _parsed(path: Path, model: type[AnyModel]) -> AnyModel | None:
    """Return what `path` holds; a file torn by a crash holds nothing."""
    try:
        return model.model_validate_json(_text(path) or "")
    except ValidationError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _whole_line(path: Path) -> str | None:
    """Return the first line; a line without its newline was torn and does not count."""
    line, newline, _ = (_text(path) or "").partition("\n")
    return line if newline else None
