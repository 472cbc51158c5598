"""What the log of a deployment on this host consists of: lines of the agent's, and outputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from agent.layout import DeploymentDirectory
from agent.moments import Moments, stamp
from agent.recording import Recording
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus

STAMPED_LINES = 10_000
"""So many have times at once, which take a fifth of a megabyte then."""


class Part(Protocol):
    """A stretch of a log."""

    @property
    def size(self) -> int:
        """Its length in bytes, without the times that are shown with it."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Return at most so many bytes."""
        ...

    def shown(self, excerpt: bytes, offset: int) -> bytes:
        """Return bytes that were read at an offset as they are shown."""
        ...


@dataclass(frozen=True)
class _Line:
    """A line of the agent's own."""

    text: bytes

    @property
    def size(self) -> int:
        return len(self.text)

    def read(self, offset: int, size: int) -> bytes:
        return self.text[offset : offset + size]

    def shown(self, excerpt: bytes, _: int) -> bytes:
        return excerpt


@dataclass(frozen=True)
class _Output:
    """What a script printed, up to a length that no longer changes once it has ended."""

    path: Path
    size: int

    def read(self, offset: int, size: int) -> bytes:
        with self.path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(min(size, self.size - offset))

    def shown(self, excerpt: bytes, _: int) -> bytes:
        return excerpt


@dataclass(frozen=True)
class _StampedOutput(_Output):
    """What a script printed, each line shown with the time at which it was there."""

    moments: Moments

    def read(self, offset: int, size: int) -> bytes:
        excerpt = super().read(offset, size)
        lines = excerpt.split(b"\n", STAMPED_LINES)
        rest = lines[-1] if len(lines) > STAMPED_LINES else b""
        return excerpt[: len(excerpt) - len(rest)]

    def shown(self, excerpt: bytes, offset: int) -> bytes:
        begins_line = offset == 0 or self.read(offset - 1, 1) == b"\n"
        return self.moments.stamped(excerpt, offset, begins_line=begins_line)


def parts_of(
    deployment: DeploymentDirectory, events: Sequence[LifecycleEventResult], *, timestamps: bool
) -> Iterator[Part]:
    """Yield the parts of the log of some events, in order."""
    for event in events:
        name = event.lifecycle_event_name
        yield _line(event.start_time, f"LifecycleEvent - {name}")
        for recording in _recordings(deployment, name):
            yield from _script_parts(recording, timestamps=timestamps)
        if event.status is not LifecycleEventStatus.IN_PROGRESS:
            message = event.diagnostics.message if event.diagnostics else ""
            yield _line(event.end_time, f"LifecycleEvent - {name} {event.status}: {message}")


def _recordings(deployment: DeploymentDirectory, event: LifecycleEvent) -> Iterator[Recording]:
    number = 1
    while (directory := deployment.script(event, number)).is_dir():
        yield Recording(directory)
        number += 1


def _script_parts(recording: Recording, *, timestamps: bool) -> Iterator[Part]:
    start, end = recording.start, recording.end
    if start is None:
        return
    yield _line(start.time, f"Script - {start.location}")
    output = _output(recording, timestamps=timestamps)
    if output.size:
        yield output
    if end is not None:
        if output.size and output.read(output.size - 1, 1) != b"\n":
            yield _Line(b"\n")
        yield _line(end.time, f"Script - {start.location} {end.phrase}")


def _output(recording: Recording, *, timestamps: bool) -> _Output:
    size, end = recording.output_bytes, recording.end
    if not timestamps:
        return _Output(recording.output, size)
    latest = datetime.now(UTC) if end is None else end.time
    return _StampedOutput(recording.output, size, Moments(recording, latest=latest))


def _line(time: datetime | None, text: str) -> _Line:
    return _Line((stamp(time) if time else b"") + f"{text}\n".encode())
