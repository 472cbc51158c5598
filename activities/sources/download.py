"""Bringing a bundle of known size into a file, going on with what an earlier attempt left."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

from activities.sources.part import PartFile, opened
from activities.sources.source import Patience, Source, read_steadily

AT_ONCE = 4
"""Pieces that are read at the same time."""


def download(source: Source, path: Path, size: int, *, patience: Patience | None = None) -> None:
    """Make `path` hold the first `size` bytes of `source`.

    What is in `path` already is not read again, whatever ended the attempt that brought it.

    Raises:
        InvalidRevision: The source cannot be read; what came is kept.
        OSError: The file cannot be written.
    """
    with opened(path, size, source.piece_bytes or size) as part:
        filling = _Filling(source, part, patience or Patience())
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for done in [threads.submit(filling.fill, number) for number in part.gaps()]:
                done.result()
        part.finish()


class _Filling:
    """The common work of several threads; the first failure ends all of it."""

    def __init__(self, source: Source, part: PartFile, patience: Patience) -> None:
        self._source = source
        self._part = part
        self._patience = patience
        self._is_over = Event()

    def fill(self, number: int) -> None:
        """Bring what is missing of one piece."""
        if self._is_over.is_set():
            return
        try:
            self._fill(number)
        except BaseException:
            self._is_over.set()
            raise

    def _fill(self, number: int) -> None:
        start, stop = self._part.gap(number)
        with closing(read_steadily(self._source, start, stop, patience=self._patience)) as chunks:
            for chunk in chunks:
                if self._is_over.is_set():
                    return
                self._part.append(number, chunk)
