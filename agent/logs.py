"""The whole log of a deployment on this host, rendered from what its scripts left behind.

What a script prints goes to a file of its own, whether or not an agent lives. The log puts those
files in order between lines that say when which event and script began and ended.

Differs from AWS: CodeDeploy's agent marks each line with a time and `[stdout]` or `[stderr]`, for
which it must live as long as the script. Here both go to one file, in the order of printing.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.journal import Journal
from agent.layout import DeploymentDirectory
from agent.recording import Recording
from codedeploy.commands import LogPiece, LogRequest
from codedeploy.errors import DeploymentTargetDoesNotExist
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus

PIECE_BYTES = 256 * 1024
"""Binary output may grow sixfold as JSON, and a message must stay under two megabytes."""


@dataclass(frozen=True)
class _Line:
    """A line of the agent's own."""

    text: bytes

    @property
    def size(self) -> int:
        return len(self.text)

    def read(self, offset: int, size: int) -> bytes:
        return self.text[offset : offset + size]


@dataclass(frozen=True)
class _Output:
    """What a script printed, up to a length that no longer changes once it has ended."""

    path: Path
    size: int

    def read(self, offset: int, size: int) -> bytes:
        with self.path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(min(size, self.size - offset))


_Part = _Line | _Output


def read_piece(deployment: DeploymentDirectory, request: LogRequest, *, host: str) -> LogPiece:
    """Return the piece of the log that starts at the request's offset.

    Raises:
        DeploymentTargetDoesNotExist: The deployment never came to this host, or its log is gone.
    """
    events = Journal(deployment.journal).events
    if not events:
        raise DeploymentTargetDoesNotExist(
            f"{host} has no log of {deployment.deployment_id}: the deployment did not reach it, "
            "or the log was removed to save space."
        )
    wanted = [one for one in events if request.event in (None, one.lifecycle_event_name)]
    parts = [part for event in wanted for part in _parts(deployment, event)]
    is_over = all(event.end_time is not None for event in events)
    return _cut(parts, request.offset, is_over=is_over)


def _cut(parts: list[_Part], offset: int, *, is_over: bool) -> LogPiece:
    raw = b"".join(_read(parts, offset))
    is_end = offset + len(raw) >= sum(part.size for part in parts)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(raw, final=is_end and is_over)
    pending, _ = decoder.getstate()
    return LogPiece(text=text, next_offset=offset + len(raw) - len(pending), is_end=is_end)


def _read(parts: list[_Part], offset: int) -> Iterator[bytes]:
    room = PIECE_BYTES
    for part in parts:
        if offset < part.size and room > 0:
            chunk = part.read(offset, room)
            room -= len(chunk)
            yield chunk
        offset = max(0, offset - part.size)


def _parts(deployment: DeploymentDirectory, event: LifecycleEventResult) -> Iterator[_Part]:
    name = event.lifecycle_event_name
    yield _line(event.start_time, f"LifecycleEvent - {name}")
    for recording in _recordings(deployment, name):
        yield from _script_parts(recording)
    if event.status is not LifecycleEventStatus.IN_PROGRESS:
        message = event.diagnostics.message if event.diagnostics else ""
        yield _line(event.end_time, f"LifecycleEvent - {name} {event.status}: {message}")


def _recordings(deployment: DeploymentDirectory, event: LifecycleEvent) -> Iterator[Recording]:
    number = 1
    while (directory := deployment.script(event, number)).is_dir():
        yield Recording(directory)
        number += 1


def _script_parts(recording: Recording) -> Iterator[_Part]:
    start, end = recording.start, recording.end
    if start is None:
        return
    yield _line(start.time, f"Script - {start.location}")
    size = recording.output_bytes
    output = _Output(recording.output, size)
    if size:
        yield output
    if end is not None:
        if size and output.read(size - 1, 1) != b"\n":
            yield _Line(b"\n")
        yield _line(end.time, f"Script - {start.location} {end.phrase}")


def _line(time: datetime | None, text: str) -> _Line:
    stamp = f"{time:%Y-%m-%d %H:%M:%S} " if time else ""
    return _Line(f"{stamp}{text}\n".encode())
