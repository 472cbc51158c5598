"""The agent tests' language: a host with a root of its own, and revisions to deploy to it."""

import asyncio
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from agent.activities import HostActivities
from agent.hooks import Place
from agent.layout import DeploymentDirectory, Layout
from agent.lifecycle import Host
from agent.runners import GONE_STATES
from codedeploy.commands import LifecycleCommand
from codedeploy.lifecycle import IN_PLACE, LifecycleEvent
from codedeploy.revision import (
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
    RevisionType,
)

GROUP = "shop/web"

_SECONDS = re.compile(r"after \d+ s\b")


class Site:
    """One host under test, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ran = directory / "ran"
        self.ran.touch()
        self.place = Place(
            name="web-1",
            layout=Layout(directory / "root"),
            destination_root=directory / "destination",
            environment={"RAN": str(self.ran)},
            grace_seconds=0.5,
        )
        self.host = Host(self.place)

    @property
    def activities(self) -> HostActivities:
        return HostActivities(self.host)

    @property
    def layout(self) -> Layout:
        return self.place.layout

    @property
    def runs(self) -> list[str]:
        """What scripts noted in the file `$RAN`, a word a run."""
        return self.ran.read_text().split()

    def deployment(self, deployment_id: str = "d-1") -> DeploymentDirectory:
        return self.layout.deployment(deployment_id)

    def revision(
        self,
        label: str,
        hooks: Mapping[LifecycleEvent, str],
        *,
        timeout: int = 60,
        omit: Iterable[str] = (),
    ) -> PinnedRevision:
        """Return a revision whose hooks run the shell lines given for each event."""
        spec: dict[str, Any] = {
            "version": 0.0,
            "os": "linux",
            "hooks": {event: [{"location": f"{event}.sh", "timeout": timeout}] for event in hooks},
        }
        members = {f"{event}.sh": f"#!/bin/sh\n{body}\n" for event, body in hooks.items()}
        kept = {name: text for name, text in members.items() if name not in omit}
        return self.pinned(label, {"appspec.yml": json.dumps(spec), **kept})

    def pinned(self, label: str, members: Mapping[str, str]) -> PinnedRevision:
        """Return a revision that holds `members`."""
        (self.directory / f"{label}.tar").write_bytes(_tar(members))
        return self.repinned(label)

    def repinned(self, label: str) -> PinnedRevision:
        """Return a revision whose bundle somebody has written."""
        bundle = self.directory / f"{label}.tar"
        location = LocalLocation(location=str(bundle), bundle_type=BundleType.TAR)
        return PinnedRevision(
            revision=Revision(revision_type=RevisionType.LOCAL, local_location=location),
            label=label,
            location=bundle.as_uri(),
            bundle_type=BundleType.TAR,
            sha256=hashlib.sha256(bundle.read_bytes()).hexdigest(),
            size_bytes=bundle.stat().st_size,
        )

    def command(
        self, revision: PinnedRevision, deployment_id: str = "d-1", **changes: Any
    ) -> LifecycleCommand:
        """Return a command for a whole in-place deployment, or with `changes`."""
        members: dict[str, Any] = {
            "deployment_id": deployment_id,
            "deployment_group_id": GROUP,
            "deployment_group_name": "web",
            "application_name": "shop",
            "revision": revision,
            "events": IN_PLACE,
            "completes_deployment": True,
        }
        return LifecycleCommand(**(members | changes))


def _tar(members: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def timeless(text: str) -> str:
    """Return what is said of scripts without how many seconds they took, which varies."""
    return _SECONDS.sub("after N s", text)


async def until(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process runs (one that the kernel has yet to forget does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in GONE_STATES


def end(pid: int) -> None:
    """End one process, if it still runs."""
    if is_running(pid):
        os.kill(pid, 9)
