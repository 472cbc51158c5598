"""What the recording runner and the agent write down about one script."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.output import find, tail
from agent.runners import Runner, boot_clock
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
    """One script's directory: who runs it, what it printed and when, how it ended."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.output = directory / "output"
        self.moments = directory / "moments"
        self._started = directory / "started"
        self._status = directory / "status"
        self._cut = directory / "cut"
        self._start = directory / "start.json"
        self._end = directory / "end.json"
        self._ended_by = directory / "ended-by"

    @property
    def is_taken(self) -> bool:
        """Whether some runner took the script up."""
        return self._started.exists()

    @property
    def runner(self) -> Runner | None:
        """The runner that took the script up; None if none did (yet)."""
        mark = _line(self._started)
        return Runner.parse(mark) if mark is not None else None

    @property
    def exit_status(self) -> int | None:
        """What the script exited with; None if it has not or nobody could record it."""
        line = _line(self._status)
        return int(line) if line is not None else None

    @property
    def seconds(self) -> float:
        """How long the script ran, once its exit status is recorded."""
        return max(0.0, self._status.stat().st_mtime - self._started.stat().st_mtime)

    @property
    def has_recorder(self) -> bool:
        """Whether somebody still writes down what is printed."""
        mark = _line(self._started, 1)
        return mark is not None and Runner.parse(mark).is_alive

    @property
    def end_mark(self) -> bytes | None:
        """The line with which what the script printed ends; None if it has not ended."""
        line = _line(self._status, 1)
        return f"{line}\n".encode("ascii") if line is not None else None

    @property
    def written_bytes(self) -> int:
        """Length of the file that the output is in, which a background child may add to."""
        return self.output.stat().st_size if self.output.exists() else 0

    @property
    def output_bytes(self) -> int:
        """Length of the output so far; what is printed after the script's end is not counted."""
        if (ended := self.end) is not None:
            return ended.output_bytes
        size = self.written_bytes  # Before the mark: that is known before it is in the file.
        mark = self.end_mark
        end = find(mark, self.output) if mark is not None and size else None
        return size if end is None else end

    @property
    def tail(self) -> str:
        """The last 4 KB of the output."""
        return tail(self.output, until=self.output_bytes)

    @property
    def is_cut(self) -> bool:
        """Whether the file did not take all of the output."""
        return self._cut.exists()

    @property
    def ended_by(self) -> EndedBy | None:
        """Why the agent ended the script; None if it did not."""
        line = _line(self._ended_by)
        return EndedBy(line.split()[0]) if line is not None else None

    @property
    def ended_at(self) -> float:
        """When the script was about to be ended, on the clock that counts from the boot."""
        line = _line(self._ended_by)
        return float(line.split()[1]) if line is not None else 0.0

    def note_ended_by(self, reason: EndedBy) -> None:
        """Remember why the script is being ended, before it is; its runner still runs."""
        self._ended_by.write_text(f"{reason.value} {boot_clock():.2f}\n", "ascii")

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


def _line(path: Path, number: int = 0) -> str | None:
    """Return a line of `path`; one without its newline was torn and does not count."""
    whole = (_text(path) or "").split("\n")[:-1]
    return whole[number] if number < len(whole) else None
