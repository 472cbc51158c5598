"""A bundle on its way: a file that knows how far each of its pieces has come.

The counters lie behind the content and are cut off at the end, so that one file says all. A power
failure may leave a counter without its bytes: the digest of the whole decides in the end.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_COUNTER = struct.Struct("<Q")


class PartFile:
    """Pieces that arrive in any order, each from its beginning to its end.

    Different pieces may be appended to from different threads.
    """

    def __init__(self, descriptor: int, size: int, piece_bytes: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._piece_bytes = max(1, piece_bytes)
        self._pieces = -(-size // self._piece_bytes)
        self._resume_or_begin()

    def _resume_or_begin(self) -> None:
        """Keep what is there if it has the right form; a file of the very size is complete."""
        found, expected = os.fstat(self._descriptor).st_size, self._counter_at(self._pieces)
        self._is_complete = found == self._size
        if found not in (self._size, expected):
            os.ftruncate(self._descriptor, 0)
            os.ftruncate(self._descriptor, expected)

    def gaps(self) -> list[int]:
        """Return the numbers of the pieces that are not whole."""
        if self._is_complete:
            return []
        return [number for number in range(self._pieces) if self._is_open(number)]

    def gap(self, number: int) -> tuple[int, int]:
        """Return where the missing rest of a piece starts and stops."""
        start = number * self._piece_bytes
        stop = min(start + self._piece_bytes, self._size)
        (count,) = _COUNTER.unpack(
            os.pread(self._descriptor, _COUNTER.size, self._counter_at(number))
        )
        return min(start + count, stop), stop

    def append(self, number: int, chunk: bytes) -> None:
        """Write the next bytes of a piece, and only then count them."""
        start, stop = self.gap(number)
        _write(self._descriptor, chunk[: stop - start], start)
        count = start + len(chunk) - number * self._piece_bytes
        _write(self._descriptor, _COUNTER.pack(count), self._counter_at(number))

    def finish(self) -> None:
        """Cut the counters off and bring the content to the disk."""
        os.ftruncate(self._descriptor, self._size)
        os.fsync(self._descriptor)

    def _is_open(self, number: int) -> bool:
        start, stop = self.gap(number)
        return start < stop

    def _counter_at(self, number: int) -> int:
        return self._size + number * _COUNTER.size


@contextmanager
def opened(path: Path, size: int, piece_bytes: int) -> Iterator[PartFile]:
    """Open or begin the part file at `path`, alone: whoever else has it is waited for."""
    descriptor = _locked(path)
    try:
        yield PartFile(descriptor, size, piece_bytes)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """Return `path` opened and locked; a file that was renamed meanwhile is not it any more."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _write(descriptor: int, content: bytes, position: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written
