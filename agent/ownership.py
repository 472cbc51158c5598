"""What a deployment group put on this host: the memory between one install and the next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from agent.layout import write_durably
from codedeploy.installation import Kind, Owned

RECORD = "ownership.json"
"""The record's name in a group's installation directory."""
ORIGINALS = "originals"
"""The directory beside it with the files of others that were overwritten."""


@dataclass(frozen=True)
class Ownership:
    """The paths of a group, and the install that left them so.

    Attributes:
        deployment_id: The deployment whose install was committed last; empty before the first.
        token: That install's transaction.
        destination_root: What the paths are below.
        taken: Paths that were other groups', by the installs that had put them there: as long as
            such an install is its group's last, the group's record does not know of it.
        followed: Links on the host through which the paths were reached.
    """

    deployment_id: str = ""
    token: str = ""
    destination_root: str = "/"
    paths: Mapping[str, Owned] = field(default_factory=dict)
    taken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    followed: Sequence[str] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the ownership recorded at `path`; nothing is owned if there is no record."""
        try:
            record = json.loads(path.read_bytes())
        except FileNotFoundError:
            return cls()
        kinds = {kind.value: kind for kind in Kind}  # Quicker than to ask Kind 20,000 times.
        paths = {
            name: Owned(kinds[kind], *others) for name, (kind, *others) in record["paths"].items()
        }
        identity = (record["deploymentId"], record["token"], record["destinationRoot"])
        return cls(*identity, paths, record["taken"], record["followed"])

    def write(self, path: Path) -> None:
        """Replace the record at `path`, durably and in one step."""
        paths = {
            name: (owned.kind, owned.original, owned.content, owned.is_labelled)
            for name, owned in self.paths.items()
        }
        record = {
            "deploymentId": self.deployment_id,
            "token": self.token,
            "destinationRoot": self.destination_root,
            "paths": paths,
            "taken": self.taken,
            "followed": self.followed,
        }
        write_durably(path, json.dumps(record))

    @property
    def originals(self) -> set[str]:
        """File names of the originals that still have to be put back one day."""
        return {str(owned.original) for owned in self.paths.values() if owned.original is not None}
