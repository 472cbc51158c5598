"""The deployment groups of this host as one of them sees them: who owns what, and who took it over.

A group that takes a path over notes it in its own record, beside the install that the path comes
from. So nothing is written into another group's record, a takeover is committed with the install
that does it, and it is forgotten once the other group has installed again and knows of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.host_files import HostFiles
from agent.layout import GroupDirectory, Layout
from agent.ownership import ORIGINALS, RECORD, Ownership
from codedeploy.installation import Claim, Host, Owned, Site


@dataclass(frozen=True)
class _Group:
    """A deployment group with files on this host.

    Attributes:
        settled_ns: When the deployment that is installed had its last word.
    """

    installation: Path
    ownership: Ownership
    settled_ns: int

    def claims(self) -> Iterator[tuple[str, Claim]]:
        """Yield what the group's record says that it owns."""
        group_id = GroupDirectory(self.installation.parent).group_id
        originals = self.installation / ORIGINALS
        for path, owned in self.ownership.paths.items():
            at = "" if owned.original is None else f"{originals}/{owned.original}"
            yield path, Claim(group_id, self.ownership.token, owned, self.settled_ns, at)

    def note_what_scripts_changed(self, host: HostFiles) -> None:
        """Write down what the installed deployment has made of its files since its install.

        Until then the times of changes tell, which an install that is taken back does not keep.
        """
        paths = self.ownership.paths
        known = {path: owned for path, owned in paths.items() if _has_content(owned)}
        record = self.installation / RECORD
        since_ns = record.stat().st_mtime_ns if known else 0
        changed = {
            path: now
            for path, owned in known.items()
            if (now := host.as_left(path, owned, since_ns=since_ns, until_ns=self.settled_ns))
            != owned
        }
        if changed:
            replace(self.ownership, paths={**paths, **changed}).write(record)


class Neighbourhood:
    """One group, and the others that have files below the same destination root.

    Args:
        installation: The group's.
        destination_root: Where it is about to install.
    """

    def __init__(self, installation: Path, destination_root: str) -> None:
        layout = Layout.around(installation)
        self._own = _read(installation, layout)
        others = (each.installation for each in layout.groups())
        found = [_read(other, layout) for other in others if other != installation]
        self._others = [
            other for other in found if other.ownership.destination_root == destination_root
        ]

    @property
    def own(self) -> Ownership:
        """What the group's record says."""
        return self._own.ownership

    def note_what_scripts_changed(self, host: HostFiles) -> None:
        """Write down what the group's last deployment has made of its files since its install."""
        self._own.note_what_scripts_changed(host)

    def site(self, host: Host) -> Site:
        """Return what an install of the group has to reckon with."""
        others = [each.ownership for each in self._others]
        return Site(
            host,
            self.own.paths,
            settled_ns=self._own.settled_ns,
            claims=dict(self._claims()),
            taken=_taken_from(self.own, others),
            followed=self.own.followed,
        )

    def _claims(self) -> Iterator[tuple[str, Claim]]:
        """Yield what the others own: what their records say, less what was taken over since."""
        takers = [self.own, *(each.ownership for each in self._others)]
        for other in self._others:
            taken = _taken_from(other.ownership, takers)
            yield from ((path, claim) for path, claim in other.claims() if path not in taken)

    def takeovers(self, new: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Return the takeovers of which the others' records do not know, the `new` ones included.

        Args:
            new: Paths by the install of the other group that had put them there.
        """
        tokens = {each.ownership.token for each in self._others}
        earlier = self.own.taken
        return {
            token: sorted({*earlier.get(token, ()), *new.get(token, ())})
            for token in tokens & (earlier.keys() | new.keys())
        }


def _read(installation: Path, layout: Layout) -> _Group:
    ownership = Ownership.read(installation / RECORD)
    if not ownership.deployment_id:
        return _Group(installation, ownership, 0)
    return _Group(installation, ownership, layout.deployment(ownership.deployment_id).settled_ns)


def _has_content(owned: Owned) -> bool:
    return not (owned.is_directory or owned.is_left)


def _taken_from(ownership: Ownership, takers: Iterable[Ownership]) -> set[str]:
    return {path for taker in takers for path in taker.taken.get(ownership.token, ())}
