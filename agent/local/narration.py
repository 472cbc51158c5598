"""What a local deployment tells the person who watches it."""

import codecs
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from agent.layout import DeploymentDirectory
from agent.output import printable
from agent.recording import Recording
from codedeploy.lifecycle import Diagnostics, LifecycleErrorCode, LifecycleEvent

_AT_ONCE = 1 << 16
_LONGEST_LINE = 8192
_WITHOUT_SCRIPTS = (LifecycleEvent.DOWNLOAD_BUNDLE, LifecycleEvent.INSTALL)


class Narrator:
    """Prints each event, its scripts, and what these print while they print it.

    A reader who goes away (`| head`) silences it and does not disturb the deployment.
    """

    def __init__(self, deployment: DeploymentDirectory, out: TextIO) -> None:
        self._deployment = deployment
        self._out: TextIO | None = out
        self._followed: dict[str, _Followed] = {}

    @property
    def deployment_id(self) -> str:
        """The deployment's id."""
        return self._deployment.deployment_id

    @property
    def records(self) -> Path:
        """Where the deployment's records are."""
        return self._deployment.path

    def say(self, text: str) -> None:
        """Print one or more lines."""
        if self._out is None:
            return
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except OSError:
            self._out = None
            _discard_standard_output()

    def catch_up(self) -> None:
        """Print what scripts have printed since the last call."""
        for followed in self._scripts():
            for lines in followed.news():
                self.say(lines)

    def verdict(self, event: str, diagnostics: Diagnostics) -> None:
        """Print how an event ended."""
        self.catch_up()
        if diagnostics.error_code is not LifecycleErrorCode.SUCCESS:
            self.say(f"{event}: Failed: {printable(diagnostics.message)}")
            return
        ran = any(name.rpartition("-")[0] == event for name in self._followed)
        remark = diagnostics.message.removeprefix("Succeeded")
        nothing = "" if ran or event in _WITHOUT_SCRIPTS else " (no scripts)"
        self.say(f"{event}: Succeeded{nothing}{printable(remark)}")

    def _scripts(self) -> list["_Followed"]:
        """Return the scripts that were started, in that order."""
        directories = self._deployment.scripts
        for path in directories.iterdir() if directories.is_dir() else ():
            recording = Recording(path)
            if path.name not in self._followed and recording.start is not None:
                self._followed[path.name] = _Followed(recording)
        return sorted(self._followed.values(), key=lambda each: each.begun)


class _Followed:
    """One script, and how much of it has been told."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        start = recording.start
        assert start is not None
        self.begun = start.time
        event = recording.directory.name.rpartition("-")[0]
        self._heading = f"{event}: {start.location}"
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._is_told = False

    def news(self) -> Iterator[str]:
        """Return what has come since the last call, one or more lines at a time."""
        if self._is_told:
            return
        if self._heading:
            yield self._heading
            self._heading = ""
        end = self._recording.end
        for text in self._new_text():
            lines = self._whole_lines(text)
            if lines is not None:
                yield _quoted(lines)
        if end is not None:
            self._is_told = True
            if self._pending:
                yield _quoted(self._pending)
            yield f"  {end.phrase}"

    def _new_text(self) -> Iterator[str]:
        output, size = self._recording.output, self._recording.output_bytes
        if size <= self._offset:
            return
        with output.open("rb") as stream:
            stream.seek(self._offset)
            while chunk := stream.read(min(_AT_ONCE, size - self._offset)):
                self._offset += len(chunk)
                yield self._decoder.decode(chunk)

    def _whole_lines(self, text: str) -> str | None:
        """Return the lines that are whole now, if any; one that grows beyond bounds is cut."""
        lines, newline, rest = (self._pending + text).rpartition("\n")
        if len(rest) > _LONGEST_LINE:
            lines, newline, rest = f"{lines}{newline}{rest}", "\n", ""
        self._pending = rest
        return lines if newline else None


def _quoted(lines: str) -> str:
    """Return lines so that they can be told from the agent's own; there may be a million."""
    return "  | " + printable(lines).replace("\n", "\n  | ")


def _discard_standard_output() -> None:
    """Make what is still buffered vanish, so that Python does not complain at its end."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
