"""What became of each lifecycle event, written down before and after it happens."""

import os
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from agent.layout import sync_directory
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.wire import Model


class Entry(Model):
    """One line of a journal: an event has begun, or has ended, or the deployment is complete.

    Attributes:
        boot_id: The boot of the host in which the line was written.
        is_complete: The deployment has ended well on this host; there is no `event` then.
    """

    event: LifecycleEventResult | None = None
    boot_id: str = ""
    is_complete: bool = False


class Journal:
    """The lifecycle events of one deployment on this host.

    Every line is written before `append` returns. A line torn by a crash is dropped on reading:
    what it was to say had not been promised to anybody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read(path)

    @property
    def is_complete(self) -> bool:
        """Whether the deployment has already ended well on this host."""
        return any(entry.is_complete for entry in self._entries)

    @property
    def events(self) -> tuple[LifecycleEventResult, ...]:
        """The latest word on each event, in the order in which they began."""
        latest: dict[LifecycleEvent, LifecycleEventResult] = {}
        for entry in self._entries:
            if entry.event is not None:
                latest[entry.event.lifecycle_event_name] = entry.event
        return tuple(latest.values())

    def result(self, event: LifecycleEvent) -> LifecycleEventResult | None:
        """Return how `event` ended; None if it has not."""
        entry = self._latest(event)
        if entry is None or entry.event is None:
            return None
        return None if entry.event.status is LifecycleEventStatus.IN_PROGRESS else entry.event

    def begun(self, event: LifecycleEvent) -> Entry | None:
        """Return the line that says `event` is under way; None if it is not."""
        entry = self._latest(event)
        return None if self.result(event) is not None else entry

    def append(self, entry: Entry, *, is_durable: bool = True) -> None:
        """Write one line.

        Args:
            entry: What it says.
            is_durable: Whether it is to survive a power failure from now on; otherwise it does
                so from the next durable line on, or a little later.
        """
        line = entry.model_dump_json(exclude_defaults=True).encode() + b"\n"
        with open(self._path, "a+b", opener=_private) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.write(b"\n" + line if _ends_torn(stream, size) else line)
            stream.flush()
            if is_durable:
                os.fsync(stream.fileno())
        if size == 0:
            sync_directory(self._path.parent)
        self._entries.append(entry)

    def _latest(self, event: LifecycleEvent) -> Entry | None:
        for entry in reversed(self._entries):
            if entry.event is not None and entry.event.lifecycle_event_name is event:
                return entry
        return None


def _private(path: str, flags: int) -> int:
    """Open a file that only the agent may read: it has the end of what scripts printed."""
    return os.open(path, flags, 0o600)


def _read(path: Path) -> list[Entry]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [entry for entry in map(_parsed, lines) if entry is not None]


def _parsed(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate_json(line)
    except ValidationError:
        return None


def _ends_torn(stream: BinaryIO, size: int) -> bool:
    if size == 0:
        return False
    stream.seek(size - 1)
    return stream.read(1) != b"\n"
