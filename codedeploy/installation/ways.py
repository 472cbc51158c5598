"""The ways to destinations, and which links on them an install follows.

A link at or above a destination is where an administrator has put it. Below a destination the
application's own users may write: a link that they put in a directory's place must not lead the
agent, which may be root, to where they may not. While an install is carried out, `agent.grip` holds
on to what was decided here.
"""

from collections.abc import Collection

from codedeploy.installation.operations import Host, Kind
from codedeploy.installation.placement import parent


class Ways:
    """The directories of a host, as an install may reach them.

    Args:
        host: Whose they are.
        may_follow: Where a link to a directory counts as that directory.

    Attributes:
        followed: The links that were met there.
    """

    def __init__(self, host: Host, may_follow: Collection[str]) -> None:
        self.followed: set[str] = set()
        self._host = host
        self._may_follow = may_follow
        self._is_open = {"/": True}

    def is_open(self, directory: str) -> bool:
        """Return whether neither `directory` nor one above it is a link that is not followed."""
        if directory not in self._is_open:
            self._is_open[directory] = self.is_open(parent(directory)) and self._passes(directory)
        return self._is_open[directory]

    def _passes(self, directory: str) -> bool:
        if self._host.kind(directory) is not Kind.SYMLINK:
            return True
        if directory in self._may_follow:
            self.followed.add(directory)
        return directory in self._may_follow
