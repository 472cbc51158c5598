"""Those who bring a revision to where it is to run: the agent, and what people do without one."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

from agent.archive import unpack
from agent.installer import Installer
from codedeploy.appspec import FileExistsBehavior, FileMapping, ServerAppSpec
from codedeploy.revision import BundleType

_APPSPEC = ServerAppSpec(os="linux", files=(FileMapping(source="/", destination="/srv/app"),))


class Contestant(Protocol):
    """Something that brings a revision to where it is to run."""

    def copy(self, tree: Path) -> None:
        """Bring an unpacked revision there, over what is there."""
        ...

    def unpack_and_copy(self, bundle: Path) -> None:
        """Unpack a bundle and bring it there."""
        ...


class Peer(Contestant):
    """What people do without an agent.

    Args:
        place: Where it works.
        is_durable: Whether it syncs at the end.
    """

    def __init__(self, place: Path, *, is_durable: bool = False) -> None:
        self._place = place
        self._is_durable = is_durable

    def copy(self, tree: Path) -> None:
        """Copy a tree to its destination."""
        target = self._place / "app"
        target.mkdir(parents=True, exist_ok=True)
        command = ("cp", "-a", "--remove-destination", f"{tree}/.", os.fspath(target))
        subprocess.run(command, check=True)
        if self._is_durable:
            subprocess.run(("sync", "-f", target), check=True)

    def unpack_and_copy(self, bundle: Path) -> None:
        """Unpack a bundle beside its destination and copy it there."""
        archive = self._place / "archive"
        archive.mkdir(parents=True)
        subprocess.run(("tar", "-xf", bundle, "-C", archive), check=True)
        self.copy(archive)


class Agent(Contestant):
    """What the agent does."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._installs = 0

    def copy(self, tree: Path) -> None:
        """Install an unpacked revision."""
        self._installs += 1
        (self._place / "root").mkdir(parents=True, exist_ok=True)
        Installer(self._place / "state", self._place / "root").install(
            tree,
            _APPSPEC,
            deployment_id=f"d-{self._installs}",
            file_exists_behavior=FileExistsBehavior.DISALLOW,
        )

    def unpack_and_copy(self, bundle: Path) -> None:
        """Unpack a bundle and install it."""
        archive = self._place / "archive"
        unpack(bundle, BundleType.TAR, archive)
        self.copy(archive)
