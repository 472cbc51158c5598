"""What of an install is on the host already, so that it need not be saved and written again.

Most files of most revisions are those of the revision before. They are compared byte for byte: to
read two files takes a fraction of writing one, and no edit on the host goes unnoticed.
"""

# Paths are strings here, and pathlib is left out, because there may be 20,000 of them.
# ruff: noqa: PTH115

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.attributes import AccountIds, Attributes, has_usual_labels
from agent.content import READS, digestible, identity_of, is_same_content, opened
from agent.host_files import HostFiles
from codedeploy.installation import Kind, Operation, Place


@dataclass(frozen=True, slots=True)
class SetTime:
    """Give a file or link that is otherwise as the revision has it the revision's time."""

    path: str
    mtime_ns: int


Change = Operation | SetTime


class Survey:
    """Looks at what a plan would replace.

    Args:
        archive: The unpacked revision.

    Attributes:
        identities: Those of the files that are there already, by their paths.
    """

    def __init__(self, host: HostFiles, archive: Path) -> None:
        self.identities: dict[str, str] = {}
        self._host = host
        self._archive = os.fspath(archive)
        self._accounts = AccountIds()

    def changes(self, operations: Sequence[Operation]) -> Iterator[Change]:
        """Yield what is left of a plan's operations without those that would change nothing."""
        for operation in operations:
            if not isinstance(operation, Place) or (found := self._in_place(operation)) is None:
                yield operation
            elif found.st_mtime_ns != operation.entry.mtime_ns:
                yield SetTime(operation.path, operation.entry.mtime_ns)

    def _in_place(self, operation: Place) -> os.stat_result | None:
        """Return what stands at the path if it is what is to be placed there, its time apart."""
        access = operation.access
        is_ours = operation.replaces and operation.original is None
        if not is_ours or access.grants_labels:
            return None
        try:
            if operation.entry.kind is Kind.SYMLINK:
                return self._same_link(operation)
            return self._same_file(operation)
        except OSError:
            # What cannot be read is written anew; the error, if it stays one, comes up there.
            return None

    def _same_link(self, operation: Place) -> os.stat_result | None:
        path = self._host.real(operation.path)
        found = os.lstat(path)
        is_same = stat.S_ISLNK(found.st_mode) and os.readlink(path) == operation.entry.target
        wanted = self._accounts.attributes(operation.entry, operation.access)
        return found if is_same and _has_owner(found, wanted) else None

    def _same_file(self, operation: Place) -> os.stat_result | None:
        path = self._host.real(operation.path)
        with opened(path, READS) as there:
            found = os.fstat(there)
            if not self._may_be_same(found, operation) or not has_usual_labels(there, path):
                return None
            with opened(f"{self._archive}/{operation.source}", READS) as packed:
                if not is_same_content(there, packed, found.st_size):
                    return None
            content = digestible(there, found.st_size)
        mtime_ns = operation.entry.mtime_ns
        self.identities[operation.path] = identity_of(content, found.st_size, mtime_ns)
        return found

    def _may_be_same(self, found: os.stat_result, operation: Place) -> bool:
        wanted = self._accounts.attributes(operation.entry, operation.access)
        return (
            found.st_size == operation.entry.size
            and found.st_mode == stat.S_IFREG | wanted.mode
            and _has_owner(found, wanted)
        )


def _has_owner(found: os.stat_result, wanted: Attributes) -> bool:
    if os.geteuid() != 0:
        return found.st_uid == os.geteuid()
    return (found.st_uid, found.st_gid) == (wanted.uid, wanted.gid)
