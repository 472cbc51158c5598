"""Which entry of the revision belongs at which destination: the AppSpec's `files`, spelt out."""

import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codedeploy.appspec import FileMapping
from codedeploy.installation.operations import Entry, Kind

_PARENT = Entry(Kind.DIRECTORY, mode=0o755)
_SHOWN_NAMES = 8


@dataclass(frozen=True, slots=True)
class Placement:
    """An entry that belongs at a destination.

    Attributes:
        source: Path in the revision; None for a directory that is only needed as a parent.
    """

    entry: Entry
    source: str | None = None

    @property
    def is_directory(self) -> bool:
        """Whether the destination becomes a directory."""
        return self.entry.kind is Kind.DIRECTORY


@dataclass(slots=True)
class Placements:
    """All destinations of an AppSpec, every parent directory included.

    Attributes:
        at: Placements by destination.
        destinations: Those that the AppSpec names, and every directory above them.
        problems: Missing sources and destinations that collide.
    """

    at: dict[str, Placement] = field(default_factory=dict)
    destinations: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def add(self, path: str, placement: Placement) -> None:
        """Place an entry; one that comes twice, and two directories, are one."""
        there = self.at.setdefault(path, placement)
        if placement.entry.kind is Kind.OTHER:
            self.problems.append(_uncopiable(placement))
        elif there == placement:
            return
        elif not (there.is_directory and placement.is_directory):
            self.problems.append(_collision(path, there, placement))
        elif there.source is None:
            self.at[path] = placement

    def add_destination(self, path: str) -> None:
        """Place the directories above `path` and, unless something better is there, `path`."""
        while path != "/":
            self.destinations.add(path)
            if not self._is_directory(path):
                self.add(path, Placement(_PARENT))
            path = parent(path)

    def _is_directory(self, path: str) -> bool:
        there = self.at.get(path)
        return there is not None and there.is_directory


def place(listing: Mapping[str, Entry], files: Sequence[FileMapping]) -> Placements:
    """Spell out `files` over a revision's entries.

    A file goes to destination/name; of a directory the content goes into the destination; `/` is
    the whole revision. Differs from AWS: a symbolic link to a directory stays a link.

    Source: CodeDeploy User Guide, AppSpec 'files' section.
    """
    placements = Placements()
    paths = sorted(listing)
    for mapping in files:
        source = "/".join(mapping.path.parts)
        if source and source not in listing:
            placements.problems.append(_missing(mapping.source, source, paths))
            continue
        destination = absolute(mapping.destination)
        placements.add_destination(destination)
        for path, name in _copies(source, destination, listing, paths):
            placements.add(path, Placement(listing[name], name))
    return placements


def parent(path: str) -> str:
    """Return the directory above an absolute path, which posixpath takes five times as long for."""
    return path[: path.rindex("/")] or "/"


def absolute(path: str) -> str:
    """Return a destination in its plain form."""
    return "/" + posixpath.normpath(f"/{path}").lstrip("/")


def _copies(
    source: str, destination: str, listing: Mapping[str, Entry], paths: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if source and listing[source].kind is not Kind.DIRECTORY:
        yield posixpath.join(destination, posixpath.basename(source)), source
        return
    skipped = len(source) + 1 if source else 0
    prefix = destination.rstrip("/")
    for name in _below(source, paths):
        yield f"{prefix}/{name[skipped:]}", name


def _below(directory: str, paths: Sequence[str]) -> Sequence[str]:
    if not directory:
        return paths
    # "0" is the character after "/", so these bounds hold exactly the paths below.
    return paths[bisect_left(paths, f"{directory}/") : bisect_left(paths, f"{directory}0")]


def _missing(spelt: str, source: str, paths: Sequence[str]) -> str:
    above = posixpath.dirname(source)
    known = set(paths)
    while above and above not in known:
        above = posixpath.dirname(above)
    below = (name[len(above) :].lstrip("/") for name in _below(above, paths))
    names = sorted({name.split("/")[0] for name in below})
    shown = ", ".join(names[:_SHOWN_NAMES]) + (", ..." if len(names) > _SHOWN_NAMES else "")
    return (
        f"files: source {spelt!r} is not in the revision; {above or 'its root'} holds "
        f"{shown or 'nothing'}. Correct the AppSpec or add the file."
    )


def _uncopiable(placement: Placement) -> str:
    return (
        f"{placement.source!r} of the revision is a device, socket or pipe, which cannot be "
        "copied; a script may have left it there. Remove it."
    )


def _collision(path: str, there: Placement, other: Placement) -> str:
    if there.source is None or other.source is None:
        source = there.source or other.source
        return (
            f"{path} would be both a copy of {source!r} and a directory that another destination "
            "needs; change one of the destinations in the AppSpec's files."
        )
    return (
        f"{path} would be written twice, from {there.source!r} and from {other.source!r}; "
        "change one of the destinations in the AppSpec's files."
    )
