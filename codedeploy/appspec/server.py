"""AppSpec files for servers.

Source: CodeDeploy User Guide, AppSpec file structure for EC2/on-premises deployments.
"""

from collections.abc import Collection
from enum import StrEnum
from itertools import chain
from pathlib import PurePosixPath
from typing import Literal

from codedeploy.appspec.hooks import Script, read_hooks
from codedeploy.appspec.paths import bundle_path, is_absolute, leaves_bundle
from codedeploy.appspec.permissions import Permission, read_permission
from codedeploy.appspec.section import Section, check_version
from codedeploy.document import Findings, Node, read_one
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.members import LONGEST_NAME
from codedeploy.wire import Model

MOST_BYTES = 1 << 20
"""Of an AppSpec file in a bundle; nobody reads a larger one."""

_KEYS = ("version", "os", "files", "file_exists_behavior", "permissions", "hooks")
_FILE_KEYS = ("source", "destination")
_SYSTEMS = ("linux", "windows")


class FileExistsBehavior(StrEnum):
    """What an installation does with a file that is already there and not its own."""

    DISALLOW = "DISALLOW"
    OVERWRITE = "OVERWRITE"
    RETAIN = "RETAIN"


class FileMapping(Model):
    """What is copied from the bundle, and into which directory.

    Attributes:
        source: A file or directory of the bundle as the AppSpec spells it; `/` is all of it.
        destination: An absolute path.
    """

    source: str
    destination: str

    @property
    def path(self) -> PurePosixPath:
        """`source` relative to the bundle's root, `.` being the root itself."""
        return bundle_path(self.source)


class ServerAppSpec(Model):
    """What a revision wants done on a host.

    Attributes:
        file_exists_behavior: None leaves it to the deployment.
        custom_hooks: Scripts of events that are none of CodeDeploy's, by their names.
        warnings: What the file says in vain, a sentence each.
    """

    os: Literal["linux", "windows"]
    files: tuple[FileMapping, ...] = ()
    file_exists_behavior: FileExistsBehavior | None = None
    permissions: tuple[Permission, ...] = ()
    hooks: dict[LifecycleEvent, tuple[Script, ...]] = {}
    custom_hooks: dict[str, tuple[Script, ...]] = {}
    warnings: tuple[str, ...] = ()

    @property
    def all_hooks(self) -> dict[str, tuple[Script, ...]]:
        """The scripts of all events, lifecycle and custom ones."""
        return dict(chain(self.hooks.items(), self.custom_hooks.items()))

    def scripts(self, event: str) -> tuple[Script, ...]:
        """Return the scripts of `event`, in order."""
        return self.all_hooks.get(event, ())

    def timeout_seconds(self, event: LifecycleEvent) -> int:
        """Return how long the scripts of `event` may take, one after another."""
        return sum(script.timeout_seconds for script in self.scripts(event))


def parse_server(
    text: str, *, filename: str = "appspec.yml", custom_events: Collection[str] = ()
) -> ServerAppSpec:
    """Return the AppSpec file for servers that `text` is.

    Args:
        text: Its content.
        filename: Its name, for people.
        custom_events: Names that hooks may have besides those of lifecycle events.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    findings = Findings(filename)
    root = Section.of(read_one(text, findings), findings, keys=_KEYS)
    appspec = findings.settle(None if root is None else _read(root, custom_events))
    return appspec.model_copy(update={"warnings": findings.warnings})


def _read(root: Section, custom_events: Collection[str]) -> ServerAppSpec:
    """Return what `root` says; what is wrong has a stand-in that `refuse` keeps from escaping."""
    check_version(root)
    root.require("os")
    system = root.choice("os", _SYSTEMS) or _misspelt_system(root)
    is_windows = system == "windows"
    behavior = root.choice("file_exists_behavior", tuple(FileExistsBehavior))
    hooks = read_hooks(root, is_windows=is_windows, custom_events=custom_events)
    return ServerAppSpec(
        os="windows" if is_windows else "linux",
        files=_files(root, is_windows=is_windows),
        file_exists_behavior=FileExistsBehavior(behavior) if behavior else None,
        permissions=_permissions(root, is_windows=is_windows),
        hooks={LifecycleEvent(name): hooks[name] for name in hooks if name not in custom_events},
        custom_hooks={name: hooks[name] for name in hooks if name in custom_events},
    )


def _misspelt_system(root: Section) -> str:
    """Return what a wrong `os` probably means, so that paths are judged by its rules."""
    entry = root.get("os")
    return "" if entry is None else str(entry.value).casefold()


def _files(root: Section, *, is_windows: bool) -> tuple[FileMapping, ...]:
    items = root.items("files", of="source and destination pairs")
    read = (_file(item, root.findings, is_windows=is_windows) for item in items)
    return tuple(mapping for mapping in read if mapping is not None)


def _file(node: Node, findings: Findings, *, is_windows: bool) -> FileMapping | None:
    section = Section.of(node, findings, keys=_FILE_KEYS)
    if section is None:
        return None
    source, destination = map(section.required_text, _FILE_KEYS)
    if source and leaves_bundle(source, is_windows=is_windows):
        findings.problem(node, f"expected a path inside the bundle, found {source!r}", "source")
    if destination and not is_absolute(destination, is_windows=is_windows):
        example = r"such as C:\inetpub\shop" if is_windows else "such as /srv/shop"
        findings.problem(
            node, f"expected an absolute path {example}, found {destination!r}", "destination"
        )
    if len(destination.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        # With the longest name of a member behind it, it is still a path that a host can open.
        findings.problem(node, f"expected a path of at most {LONGEST_NAME} bytes", "destination")
    return FileMapping(source=source, destination=destination)


def _permissions(root: Section, *, is_windows: bool) -> tuple[Permission, ...]:
    entry = root.get("permissions")
    if entry is not None and is_windows:
        root.findings.problem(entry, "permissions are for os linux only; remove them")
        return ()
    read = (read_permission(item, root.findings) for item in root.items("permissions", of="maps"))
    return tuple(permission for permission in read if permission is not None)
