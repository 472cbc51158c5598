"""What a benchmark of a fleet needs, each in a process of its own: server, workers and hosts."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from activities import search_attributes
from bench.hosts import TAG, names
from codedeploy.application import Application
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.deployment_request import DeploymentRequest
from starter.client import Rollway
from starter.control_plane import Home, control_plane
from starter.locations import local
from starter.processes import Child, Program

APPLICATION, GROUP = "bench", "all"
_APPSPEC = """\
version: 0.0
os: linux
hooks:
  ApplicationStop:
    - location: nothing.sh
      timeout: 60
  ApplicationStart:
    - location: nothing.sh
      timeout: 60
  ValidateService:
    - location: nothing.sh
      timeout: 60
"""
_MEGABYTE = 1 << 20
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Meter:
    """One process, looked at from outside."""

    process: psutil.Process

    @classmethod
    def of(cls, pid: int | None) -> "Meter":
        """Return the meter of a process that runs."""
        assert pid is not None
        return cls(psutil.Process(pid))

    @property
    def cpu_seconds(self) -> float:
        """How much processor time it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def resident_mb(self) -> float:
        """Its resident memory."""
        return float(self.process.memory_info().rss / _MEGABYTE)

    @property
    def own_mb(self) -> float:
        """The part of its resident memory that it shares with nobody."""
        return float(self.process.memory_full_info().uss / _MEGABYTE)


@dataclass(frozen=True)
class Rig:
    """A whole Rollway with simulated hosts, and a bare worker beside it."""

    home: Path
    address: str
    rollway: Rollway
    hosts: list[str]
    server: Meter
    worker: Meter
    bare_worker: Meter
    hosts_process: Meter

    def request(self, label: str) -> DeploymentRequest:
        """Return a request to deploy a revision of that label to all hosts at once."""
        bundle = self.home / "revisions" / label
        bundle.mkdir(parents=True, exist_ok=True)
        (bundle / "appspec.yml").write_text(_APPSPEC)
        (bundle / "nothing.sh").write_text(f"#!/bin/sh\n: {label}\n")
        return DeploymentRequest(
            application_name=APPLICATION,
            deployment_group_name=GROUP,
            revision=local(bundle),
            deployment_config_name="CodeDeployDefault.AllAtOnce",
        )


@asynccontextmanager
async def rig(count: int) -> AsyncIterator[Rig]:
    """Run everything in a temporary home for the length of the block, `count` hosts included."""
    with tempfile.TemporaryDirectory(prefix="rollway-bench-") as directory:
        home = Path(directory)
        async with (
            control_plane(Home(home), report=print) as plane,
            _running(home, "bench.ceiling", "--address", plane.address) as bare_worker,
            _running(
                home, "bench.hosts", "--address", plane.address, "--count", str(count)
            ) as hosts_process,
        ):
            rollway = Rollway(plane.client, ui_address=plane.ui_address)
            await _until_all_wait(rollway, count, hosts_process)
            await _define_group(rollway)
            yield Rig(
                home=home,
                address=plane.address,
                rollway=rollway,
                hosts=names(count),
                server=Meter.of(plane.server.pid),
                worker=Meter.of(plane.worker.pid),
                bare_worker=Meter.of(bare_worker.pid),
                hosts_process=Meter.of(hosts_process.pid),
            )


@asynccontextmanager
async def _running(home: Path, module: str, *arguments: str) -> AsyncIterator[Child]:
    command = (sys.executable, "-m", module, *arguments)
    child = await Child.start(Program(module, command, home / "logs" / f"{module}.log"))
    try:
        yield child
    finally:
        await child.stop(grace_seconds=2)


async def _until_all_wait(rollway: Rollway, count: int, hosts: Child) -> None:
    """Wait until every host is listed with its tag and asks for work."""
    listed = f"{search_attributes.TAGS.name} = '{TAG.key}={TAG.value}'"
    while (await rollway.temporal.count_workflows(listed)).count < count:
        _check_running(hosts)
        await asyncio.sleep(_PAUSE_SECONDS)
    while not all(one.last_seen for one in await rollway.instances()):
        _check_running(hosts)
        await asyncio.sleep(_PAUSE_SECONDS)


def _check_running(hosts: Child) -> None:
    if not hosts.is_running:
        raise RuntimeError(f"The hosts have ended: {hosts.last_lines()}")


async def _define_group(rollway: Rollway) -> None:
    group = DeploymentGroup(
        application_name=APPLICATION,
        deployment_group_name=GROUP,
        on_premises_instance_tag_filters=(TagFilter(key=TAG.key, value=TAG.value),),
    )
    await rollway.apply([Application(application_name=APPLICATION), group])
