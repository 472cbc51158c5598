"""The words of an install plan: what is in a revision, what is on a host, what is to be done.

Paths are absolute POSIX paths as the AppSpec spells them; paths inside a revision are relative.
These are plain dataclasses, not messages: they never cross the wire, and there is one for each of
perhaps twenty thousand files.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from codedeploy.appspec import Permission


class Kind(StrEnum):
    """What stands at a path; links are not followed."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an unpacked revision.

    Attributes:
        size: Length of a file.
        target: Where a symbolic link points, word for word.
    """

    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0
    size: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """A path that the deployment group put on the host.

    Attributes:
        original: Number of the file that stood here before the group came; it is put back when the
            group no longer needs the path.
        content: What a file's content is recognized by, or a link's target. None if somebody has
            changed it since, and the group has left it to them: a later revision may take the
            path back.
        is_labelled: A directory was given an SELinux context, which goes with its revision.
    """

    kind: Kind
    original: int | None = None
    content: str | None = None
    is_labelled: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether the group put a directory there."""
        return self.kind is Kind.DIRECTORY

    @property
    def is_left(self) -> bool:
        """Whether the group has left what stands there to somebody else."""
        return self.content is None and not self.is_directory


@dataclass(frozen=True, slots=True)
class Claim:
    """A path that another deployment group put on the host.

    Attributes:
        group: The group's id.
        install: The install that left it so; the group's next one ends the claim or renews it.
        settled_ns: When that deployment had its last word on this host.
        original_at: Where the file is kept that stood here before the group came, if one did.
    """

    group: str
    install: str
    owned: Owned
    settled_ns: int = 0
    original_at: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What the AppSpec's `permissions` change about an entry; None leaves it as packed."""

    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    acls: tuple[str, ...] = ()
    context: str | None = None

    @property
    def grants_labels(self) -> bool:
        """Whether it has access control lists or an SELinux context."""
        return bool(self.acls) or self.context is not None


AS_PACKED = Access()


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """Make a directory, or give one of the group's own what this revision wants of it.

    Attributes:
        is_labelled: An earlier revision gave it an SELinux context.
    """

    path: str
    entry: Entry
    exists: bool = False
    is_labelled: bool = False
    access: Access = AS_PACKED


@dataclass(frozen=True, slots=True)
class Place:
    """Put a copy of a file or symbolic link of the revision at `path`.

    Attributes:
        replaces: Something that is no directory stands there and makes way.
        original: The number under which what stands there is kept; None if it is the group's own.
        original_at: Where another group keeps what is kept instead, because it was there first.
        is_unseen: The directory is made by this plan too, so nobody looks there yet.
    """

    path: str
    source: str
    entry: Entry
    replaces: bool = False
    original: int | None = None
    original_at: str = ""
    is_unseen: bool = False
    access: Access = AS_PACKED


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file or symbolic link."""

    path: str


@dataclass(frozen=True, slots=True)
class RemoveDirectory:
    """Remove a directory if it is empty by then."""

    path: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Put a kept original back at its path."""

    path: str
    original: int
    replaces: bool


Operation = MakeDirectory | Place | Remove | RemoveDirectory | PutBack


class Host(Protocol):
    """What planning asks of a host."""

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        """Return what stands at `path`, None if nothing; `follow` looks behind a last link."""
        ...

    def names(self, directory: str) -> Sequence[str]:
        """Return the names in a directory."""
        ...

    def is_as_put(self, path: str, owned: Owned, *, settled_ns: int) -> bool:
        """Return whether the file or link at `path` has the content with which it was put there.

        Args:
            path: Where it stands.
            owned: What was put there.
            settled_ns: What was changed before then was changed by the deployment itself.
        """
        ...

    def objections(self, permission: Permission) -> Sequence[str]:
        """Return why this host cannot grant `permission`: no such user, a missing tool."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where a group installs: the host, and what it and other groups have put there before.

    Attributes:
        settled_ns: When the deployment that put `owned` there had its last word on this host.
        claims: What other groups own.
        taken: Paths of `owned` that other groups have taken over since.
        followed: Links on the host through which `owned` was put there.
    """

    host: Host
    owned: Mapping[str, Owned]
    settled_ns: int = 0
    claims: Mapping[str, Claim] = field(default_factory=dict)
    taken: Collection[str] = ()
    followed: Collection[str] = ()

    def is_changed(self, path: str) -> bool:
        """Whether somebody has changed the file or link at a path since the group put it there."""
        return not self._is_as_put(path, self.owned[path], self.settled_ns)

    def claim_met_at(self, path: str) -> Claim | None:
        """Return the claim of the group whose very file or link stands at a path."""
        claim = self.claims.get(path)
        if claim is None or not self._is_as_put(path, claim.owned, claim.settled_ns):
            return None
        return claim

    def _is_as_put(self, path: str, owned: Owned, settled_ns: int) -> bool:
        has_content = owned.content is not None
        return has_content and self.host.is_as_put(path, owned, settled_ns=settled_ns)


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """All that an install does, in order, or all that is in its way.

    Attributes:
        operations: Removals deepest first, then directories and files, parents first.
        owned: What the group owns once the operations are done.
        taken: What of that other groups owned, by the install that put it there.
        followed: Links on the host that lead to what is done; no other one may be followed.
        problems: One sentence each; a plan with a problem is not carried out.
        warnings: One sentence each; the plan can be carried out.
    """

    operations: tuple[Operation, ...]
    owned: Mapping[str, Owned]
    taken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    followed: Sequence[str] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
