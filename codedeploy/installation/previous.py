"""The previous revision: what the group still holds on the host, and what becomes of it."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace

from codedeploy.installation.operations import (
    Kind,
    Operation,
    Owned,
    PutBack,
    Remove,
    RemoveDirectory,
    Site,
)
from codedeploy.installation.placement import parent
from codedeploy.installation.ways import Ways


@dataclass(frozen=True, slots=True)
class Held:
    """A path of the group's that is still the group's, and what stands there now."""

    owned: Owned
    now: Kind | None

    @property
    def is_directory(self) -> bool:
        """Whether the group put a directory there, and it is one still."""
        return self.owned.is_directory


def held_by(site: Site, ways: Ways) -> dict[str, Held]:
    """Return what the group still holds of what it put on the host.

    Where somebody put something else in a directory's place, that and all below it is theirs: a
    link in its place would otherwise lead removals out of the tree. Where somebody put a directory
    in a file's place, only the file is lost: what is below came there later.
    """
    held: dict[str, Held] = {}
    for path, owned in sorted(site.owned.items()):
        is_lost = path in site.taken or not ways.is_open(parent(path))
        if is_lost or is_below_lost(path, site, held):
            continue
        now = site.host.kind(path)
        if _may_be_held(owned.kind, now):
            held[path] = Held(owned, now)
    return held


def is_below_lost(path: str, site: Site, held: Mapping[str, Held]) -> bool:
    """Return whether a path is below a directory of the group's that is no longer the group's."""
    above = parent(path)
    owned = site.owned.get(above)
    return owned is not None and owned.is_directory and above not in held


def _may_be_held(put: Kind, now: Kind | None) -> bool:
    if put is Kind.DIRECTORY:
        return now is Kind.DIRECTORY
    return now in (None, Kind.FILE, Kind.SYMLINK)


class Departure:
    """Decides what of the previous revision goes, once it is settled what the new one places.

    Args:
        held: From `held_by`.
        owned: What the group owns with the new revision; what stays of the old is added.

    Attributes:
        operations: Deepest first.
        problems: Old directories that cannot make way.
        warnings: Files that stay because somebody has changed them.
    """

    def __init__(self, site: Site, held: dict[str, Held], owned: dict[str, Owned]) -> None:
        self.operations: list[Operation] = []
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._site = site
        self._host = site.host
        self._owned = owned
        self._gone: set[str] = set()
        for path in sorted(held, reverse=True):
            if held[path].is_directory:
                self._leave_directory(path, held[path])
            else:
                self._leave_leaf(path, held[path])
        self._remember_originals(held)

    def _leave_directory(self, path: str, held: Held) -> None:
        """Remove a directory when nothing is left in it; otherwise it stays the group's."""
        successor = self._owned.get(path)
        if successor is not None and successor.is_directory:
            return
        names = self._host.names(path)
        left = [name for name in names if posixpath.join(path, name) not in self._gone]
        if left and successor is None:
            self._owned[path] = held.owned
        elif left:
            self.problems.append(
                f"{path} is a directory with {left[0]!r} in it, which is not as any revision put "
                "it there; the new revision has a file of that name. Move the content or change "
                "the destination."
            )
        else:
            self._gone.add(path)
            self.operations.append(RemoveDirectory(path))

    def _leave_leaf(self, path: str, held: Held) -> None:
        successor, original = self._owned.get(path), held.owned.original
        if successor is not None and not successor.is_directory:
            return
        if held.now is not None and self._site.is_changed(path):
            self._leave_to_somebody(path, held.owned)
        elif original is not None and self._has_parent(path):
            self.operations.append(PutBack(path, original, replaces=held.now is not None))
        else:
            self._gone.add(path)
            if held.now is not None:
                self.operations.append(Remove(path))

    def _leave_to_somebody(self, path: str, owned: Owned) -> None:
        """Keep a file that somebody has changed, and the right to its path.

        Without that right a rollback could not put the old revision's file there again.
        """
        self._owned.setdefault(path, replace(owned, content=None))
        if not owned.is_left:
            self.warnings.append(
                f"{path} was changed on this host after it had been installed, so it stays, "
                "though this revision has no such file."
            )

    def _has_parent(self, path: str) -> bool:
        return self._host.kind(parent(path), follow=True) is Kind.DIRECTORY

    def _remember_originals(self, held: dict[str, Held]) -> None:
        """Keep what cannot be put back now because somebody else's content is in its place."""
        for path, owned in self._site.owned.items():
            if path in held or path in self._site.taken or owned.original is None:
                continue
            if not is_below_lost(path, self._site, held):
                self._owned.setdefault(path, owned)
