"""A host in memory, and plans of installs on it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from codedeploy.appspec import FileExistsBehavior, FileMapping, Permission, ServerAppSpec
from codedeploy.installation import Entry, InstallPlan, Kind, Owned, Site, plan_install

FILE = Entry(Kind.FILE)
SCRIPT = Entry(Kind.FILE, mode=0o755)
DIRECTORY = Entry(Kind.DIRECTORY, mode=0o755)
LINK = Entry(Kind.SYMLINK, mode=0o777, target="elsewhere")
DISALLOW = FileExistsBehavior.DISALLOW
OWNED_FILE = Owned(Kind.FILE, content="1")
OVER_ORIGINAL = Owned(Kind.FILE, 3, "1")
LEFT_FILE = Owned(Kind.FILE)
OWNED_DIRECTORY = Owned(Kind.DIRECTORY)

LISTING = {
    "bin": DIRECTORY,
    "bin/run.sh": SCRIPT,
    "bin/lib": DIRECTORY,
    "bin/lib/x.sh": FILE,
    "link": LINK,
    "top.sh": FILE,
}


@dataclass
class MemoryHost:
    """A host of names and kinds only."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    behind_links: Mapping[str, Kind] = field(default_factory=dict)
    changed: Collection[str] = ()
    users: Sequence[str] = ("www",)

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        if path in ("/", "/srv"):
            return Kind.DIRECTORY
        found = self.kinds.get(path)
        return self.behind_links.get(path) if follow and found is Kind.SYMLINK else found

    def names(self, directory: str) -> Sequence[str]:
        below = [path for path in self.kinds if path.startswith(f"{directory}/")]
        return sorted({path[len(directory) + 1 :].split("/")[0] for path in below})

    def is_as_put(self, path: str, owned: Owned, *, settled_ns: int) -> bool:
        return path not in self.changed

    def objections(self, permission: Permission) -> Sequence[str]:
        unknown = permission.owner is not None and permission.owner not in self.users
        return [f"no user {permission.owner}"] if unknown else []


def appspec(
    *files: tuple[str, str],
    behavior: FileExistsBehavior | None = None,
    permissions: tuple[Permission, ...] = (),
) -> ServerAppSpec:
    mappings = tuple(FileMapping(source=source, destination=target) for source, target in files)
    return ServerAppSpec(
        os="linux", files=mappings, file_exists_behavior=behavior, permissions=permissions
    )


def planned(
    listing: Mapping[str, Entry],
    spec: ServerAppSpec,
    *,
    host: MemoryHost | None = None,
    owned: Mapping[str, Owned] | None = None,
) -> InstallPlan:
    site = Site(host or MemoryHost(), owned or {})
    return plan_install(listing, spec, file_exists_behavior=DISALLOW, site=site)
