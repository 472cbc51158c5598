"""AppSpec files for servers.

Source: CodeDeploy User Guide, AppSpec file structure for EC2/on-premises deployments.
"""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Literal

from codedeploy.appspec.hooks import Hooks, Script, read_hooks
from codedeploy.appspec.paths import bundle_path, is_absolute, leaves_bundle
from codedeploy.appspec.permissions import Permission, read_permission
from codedeploy.appspec.section import Section, check_version
from codedeploy.document import Findings, Node, read_one
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.wire import Model

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
        warnings: What the file says in vain, a sentence each.
    """

    os: Literal["linux", "windows"]
    files: tuple[FileMapping, ...] = ()
    file_exists_behavior: FileExistsBehavior | None = None
    permissions: tuple[Permission, ...] = ()
    hooks: Hooks = {}
    warnings: tuple[str, ...] = ()

    def scripts(self, event: LifecycleEvent) -> tuple[Script, ...]:
        """Return the scripts of `event`, in order."""
        return self.hooks.get(event, ())

    def timeout_seconds(self, event: LifecycleEvent) -> int:
        """Return how long the scripts of `event` may take, one after another."""
        return sum(script.timeout_seconds for script in self.scripts(event))


def parse_server(text: str, *, filename: str = "appspec.yml") -> ServerAppSpec:
    """Return the AppSpec file for servers that `text` is.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    findings = Findings(filename)
    root = Section.of(read_one(text, findings), findings, keys=_KEYS)
    appspec = findings.settle(None if root is None else _read(root))
    return appspec.model_copy(update={"warnings": findings.warnings})


def _read(root: Section) -> ServerAppSpec:
    """Return what `root` says; what is wrong has a stand-in that `refuse` keeps from escaping."""
    check_version(root)
    root.require("os")
    system = root.choice("os", _SYSTEMS) or _misspelt_system(root)
    is_windows = system == "windows"
    behavior = root.choice("file_exists_behavior", tuple(FileExistsBehavior))
    return ServerAppSpec(
        os="windows" if is_windows else "linux",
        files=_files(root, is_windows=is_windows),
        file_exists_behavior=FileExistsBehavior(behavior) if behavior else None,
        permissions=_permissions(root, is_windows=is_windows),
        hooks=read_hooks(root, is_windows=is_windows),
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
    return FileMapping(source=source, destination=destination)


def _permissions(root: Section, *, is_windows: bool) -> tuple[Permission, ...]:
    entry = root.get("permissions")
    if entry is not None and is_windows:
        root.findings.problem(entry, "permissions are for os linux only; remove them")
        return ()
    read = (read_permission(item, root.findings) for item in root.items("permissions", of="maps"))
    return tuple(permission for permission in read if permission is not None)
