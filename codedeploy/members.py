"""What an archive may hold: members inside its directory, and links that do not leave it.

The control plane asks when a revision is pinned and every host when it unpacks it, so that what is
pinned can be unpacked.
"""

from collections.abc import Callable, Mapping

LONGEST_NAME = 1024
"""Bytes of a member's whole path, or of a link's target."""


class UnsafeMember(Exception):
    """A member of an archive would reach out of its directory.

    Attributes:
        reason: What it does, to follow its name.
        member: Its name, as the archive spells it; empty if whoever asked knows it.
    """

    def __init__(self, reason: str, *, member: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.member = member


def check_length(text: str, what: str, *, most: int = LONGEST_NAME) -> None:
    """Pass if a name or a target is no longer than a file system takes.

    Raises:
        UnsafeMember: It is; the reason begins with `what`.
    """
    if len(text.encode("utf-8", "surrogateescape")) > most:
        raise UnsafeMember(f"{what} of over {most} bytes")


def plain_name(name: str) -> str:
    """Return a member's name in its plain form, without empty parts and `.`.

    Raises:
        UnsafeMember: It leaves the archive's directory, or climbs on its way.
    """
    if name.startswith("/"):
        raise UnsafeMember(f"names the absolute path {name!r}")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise UnsafeMember(f"names the path {name!r}, which leaves the bundle's directory")
    return "/".join(parts)


def link_target(name: str, target: str) -> str:
    """Return where the symbolic link `name`, a plain name, leads: a plain name, too.

    Only leading `..` are allowed. They then climb real directories, since no member may lie below a
    link, and what follows cannot climb: so no chain of links leaves the archive's directory.

    Raises:
        UnsafeMember: It leaves the archive's directory, or could.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    above = name.split("/")[:-1]
    if target.startswith("/") or not target or climbs > len(above) or ".." in parts[climbs:]:
        raise UnsafeMember(
            f"is a link to {target!r}, which leaves the bundle's directory or has '..' in its "
            "middle"
        )
    return "/".join([*above[: len(above) - climbs], *parts[climbs:]])


class Shape:
    """The directories and links of an archive so far, by which its next member is judged.

    All names are plain. Each method raises `UnsafeMember` for what cannot be unpacked.

    Args:
        is_taken: Whether a file or a link of a name has come before.

    Attributes:
        directories: Those that have members of their own, and those that are above others.
        links: Where each symbolic link leads.
    """

    def __init__(self, is_taken: Callable[[str], bool]) -> None:
        self.directories = {""}
        self.links: dict[str, str] = {}
        self._is_taken = is_taken

    def add_parents(self, name: str) -> list[str]:
        """Take note of the directories above a member, and return the new ones, from above."""
        new: list[str] = []
        above = _directory(name)
        while above not in self.directories:
            if self._is_taken(above):
                raise UnsafeMember(f"lies below {above!r}, which is a link or a file")
            new.insert(0, above)
            above = _directory(above)
        self.directories.update(new)
        return new

    def add_directory(self, name: str) -> bool:
        """Take note of a directory, and return whether it is new."""
        if name in self.directories:
            return False
        if self._is_taken(name):
            raise UnsafeMember("is a directory where a link or file of the same name came before")
        self.directories.add(name)
        return True

    def add_file(self, name: str) -> None:
        """Take note of a file; of two members of one name the later counts."""
        if name in self.directories:
            raise UnsafeMember("has the name of a directory that came before")
        self.links.pop(name, None)

    def add_link(self, name: str, target: str) -> None:
        """Take note of a symbolic link."""
        self.add_file(name)
        self.links[name] = link_target(name, target)


def _directory(name: str) -> str:
    return name.rpartition("/")[0]


def check_top(top: str, links: Mapping[str, str]) -> None:
    """Pass if the directory `top` can be left out, as a single one at the top of an archive is.

    Args:
        top: Its name; empty if nothing is left out.
        links: Where each symbolic link leads, as plain names.

    Raises:
        UnsafeMember: A link leads out of it.
    """
    for name, target in links.items():
        if top and target != top and not target.startswith(f"{top}/"):
            raise UnsafeMember(
                f"is a link to {target!r}, which leaves the revision's directory", member=name
            )
