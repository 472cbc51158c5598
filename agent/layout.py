"""Where the agent keeps what it must not forget.

<root>/agent.lock                                one agent a root
<root>/bundles/                                  downloaded bundles, by digest
<root>/groups/g-<group-id>/last-successful       id of the deployment that last ended well
<root>/groups/g-<group-id>/most-recent           id of the deployment that last downloaded
<root>/groups/g-<group-id>/installation/         what the group has installed on this host
<root>/deployments/<id>/deployment.json          whose deployment it is
<root>/deployments/<id>/journal.jsonl            its lifecycle events, begun and ended
<root>/deployments/<id>/archive/                 the unpacked revision
<root>/deployments/<id>/scripts/<event>-<n>/     one script's output and how it ended
"""

import os
import re
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from codedeploy.errors import InvalidInput
from codedeploy.lifecycle import ScriptSource

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+=,@_.-]{0,99}")


def write_durably(path: Path, text: str) -> None:
    """Replace the content of `path`; after a crash it is the old text or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def make_open(directory: Path) -> None:
    """Make a directory, and what is missing above it, that every user may look into.

    Whatever the umask: scripts may run as other users, and are below.
    """
    if not directory.is_dir():
        make_open(directory.parent)
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DeploymentDirectory:
    """What one deployment leaves on this host."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive = path / "archive"
        self.journal = path / "journal.jsonl"
        self.card = path / "deployment.json"
        self.scripts = path / "scripts"

    @property
    def deployment_id(self) -> str:
        """The deployment's id."""
        return self.path.name

    @property
    def settled_ns(self) -> int:
        """When the last line of its journal was written; 0 if there is none."""
        try:
            return self.journal.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def script(self, event: str, number: int) -> Path:
        """Return the directory in which script `number` (from 1) of `event` is recorded."""
        return self.scripts / f"{event}-{number}"


class GroupDirectory:
    """What this host remembers of one deployment group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.installation = path / "installation"

    @property
    def group_id(self) -> str:
        """The deployment group's id."""
        return unquote(self.path.name.removeprefix("g-"))

    def pointer(self, source: ScriptSource) -> str | None:
        """Return the deployment that `source` means; None if there was none yet."""
        try:
            return (self.path / source.value).read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def point(self, source: ScriptSource, deployment_id: str) -> None:
        """Make `source` mean `deployment_id` from now on."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_durably(self.path / source.value, deployment_id)


class Layout:
    """The agent's root directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = root / "agent.lock"
        self.bundles = root / "bundles"
        self._deployments = root / "deployments"
        self._groups = root / "groups"

    @classmethod
    def around(cls, installation: Path) -> Self:
        """Return the root directory in which a group's `installation` is."""
        return cls(installation.parents[2])

    def deployment(self, deployment_id: str) -> DeploymentDirectory:
        """Return the directory of a deployment, which need not exist.

        Raises:
            InvalidInput: The id could name another place on disk.
        """
        if not _PLAIN.fullmatch(deployment_id):
            raise InvalidInput(
                f"{deployment_id!r} is no deployment id: expected d- and nine of A-Z0-9."
            )
        return DeploymentDirectory(self._deployments / deployment_id)

    def deployments(self) -> list[DeploymentDirectory]:
        """Return the deployments this host remembers."""
        if not self._deployments.is_dir():
            return []
        return [DeploymentDirectory(path) for path in sorted(self._deployments.iterdir())]

    def group(self, group_id: str) -> GroupDirectory:
        """Return the directory of a deployment group, which need not exist."""
        return GroupDirectory(self._groups / f"g-{quote(group_id, safe='')}")

    def groups(self) -> list[GroupDirectory]:
        """Return the deployment groups this host remembers."""
        if not self._groups.is_dir():
            return []
        return [GroupDirectory(path) for path in sorted(self._groups.iterdir())]
