"""A machine of its own for the tests of an install, and ways for an install to end early."""

import errno
import itertools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import strategies as st

from agent.installer import Installer
from agent.interruption import Check, Interrupted, Wish, go_on
from agent.layout import Layout
from codedeploy.appspec import (
    FileExistsBehavior,
    FileMapping,
    Permission,
    ServerAppSpec,
)
from tests.agent.trees import Directory, File, Link, Node, directory, read, write

EVERYTHING = (FileMapping(source="/", destination="/app"),)
OVERWRITE = FileExistsBehavior.OVERWRITE
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

ACL = "system.posix_acl_access"
GRANT = bytes.fromhex(
    "02000000"  # the format, then tag, permissions and id of each entry, little-endian
    "01000700ffffffff"
    "0200040001000000"
    "04000500ffffffff"
    "10000500ffffffff"
    "20000500ffffffff"
)
"""rwx for the owner, r for user 1, r-x for everybody else, as the kernel keeps it."""


STATE = Path("agent/groups/g-shop%2Fweb/installation")
"""Where an agent in the directory `agent` keeps what the group shop/web has installed."""


class Machine:
    """A host of its own below a directory, as one deployment group sees it."""

    def __init__(self, place: Path, tree: Node | None = None, *, group: str = "web") -> None:
        self.root = write(place / "root", tree or directory())
        self.state = place / STATE.parents[1] / f"g-shop%2F{group}" / STATE.name
        self._place = place
        self._group = group
        self._deployments = 0

    def beside(self, group: str) -> "Machine":
        """Return the same host as another group sees it."""
        return Machine(self._place, group=group)

    @property
    def deployment_id(self) -> str:
        """The last deployment."""
        return f"d-{self._group}-{self._deployments}"

    def installer(self, step: Callable[[], None] = go_on, *, check: Check = go_on) -> Installer:
        return Installer(self.state, self.root, step=step, check=check)

    def archive(self, revision: Node) -> Path:
        self._deployments += 1
        return write(self._place / f"archive-{self.deployment_id}", revision)

    def install(
        self,
        revision: Node,
        *,
        permissions: tuple[Permission, ...] = (),
        behavior: FileExistsBehavior = FileExistsBehavior.DISALLOW,
        times: Mapping[str, float] = {},
        step: Callable[[], None] = go_on,
        check: Check = go_on,
    ) -> tuple[str, ...]:
        archive = self.archive(revision)
        for name, moment in times.items():
            os.utime(archive / name, (moment, moment), follow_symlinks=False)
        return self.installer(step, check=check).install(
            archive,
            ServerAppSpec(os="linux", files=EVERYTHING, permissions=permissions),
            deployment_id=self.deployment_id,
            file_exists_behavior=behavior,
        )

    def end_deployment(self, *, seconds_from_now: int = 0) -> None:
        """Let the deployment that installed last have its last word at some time."""
        journal = Layout.around(self.state).deployment(self.deployment_id).journal
        journal.parent.mkdir(parents=True)
        journal.write_text("the last word")
        moment = journal.stat().st_mtime_ns + seconds_from_now * 1_000_000_000
        os.utime(journal, ns=(moment, moment))

    def pass_time(self) -> None:
        """Return when the kernel's clock for files, which goes in steps, has gone on."""
        probe = self._place / "probe"
        probe.touch()
        began = probe.stat().st_mtime_ns
        while probe.stat().st_mtime_ns == began:
            probe.touch()

    @property
    def tree(self) -> Node:
        return read(self.root)

    @property
    def app(self) -> Node:
        return read(self.root / "app")


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches kill -9."""


def stop_at(number: int, stop: Callable[[], None]) -> Callable[[], None]:
    taken = itertools.count()

    def step() -> None:
        if next(taken) == number:
            stop()

    return step


def kill() -> None:
    raise Killed


def die() -> None:
    os._exit(9)


def ask_to_stop() -> None:
    raise Interrupted(Wish.STOP)


def fill_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def boot_anew(record: Path) -> None:
    """Let a transaction be one of an earlier boot, as it is when the power comes back."""
    if record.exists():
        record.write_text(json.dumps(json.loads(record.read_bytes()) | {"boot": "earlier"}))


NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.builds(
    File, st.sampled_from(["", "x", "y"]), st.sampled_from([0o644, 0o755, 0o600])
) | st.builds(Link, st.sampled_from(["a", "b/c", "."]))
MODES = st.sampled_from([0o755, 0o700])


def trees(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Directory]:
    nodes = st.recursive(
        leaves,
        lambda inner: st.builds(Directory, MODES, st.dictionaries(NAMES, inner, max_size=3)),
        max_leaves=8,
    )
    return st.builds(Directory, st.just(0o755), st.dictionaries(NAMES, nodes, max_size=3))
