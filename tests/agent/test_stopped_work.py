"""Downloads and installs that somebody does not want any more, or not from this agent."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agent.activities import AGENT_LEAVING
from agent.archive import unpack
from agent.bundles import fetch
from agent.events import Events
from agent.interruption import Check, Interrupted, Interruption, Wish
from agent.journal import Journal
from codedeploy.commands import LIFECYCLE_STOPPED, LifecycleCommand, LifecycleReport
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.revision import BundleType
from tests.activities.web_server import Page, WebServer
from tests.agent.site import Site, until

APPSPEC = "version: 0.0\nos: linux\nfiles: [{source: /, destination: /app}]\n"
MEGABYTE = 1 << 20


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def far_away(site: Site, server: WebServer) -> tuple[LifecycleCommand, Page]:
    """Return a deployment of a bundle that a server does not give out whole."""
    ballast = random.Random(3).randbytes(MEGABYTE).hex()
    revision = site.pinned("v1", {"appspec.yml": APPSPEC, "ballast": ballast})
    page = Page((site.directory / "v1.tar").read_bytes(), hold_after=MEGABYTE)
    address = server.serve("/v1.tar", page)
    return site.command(revision.model_copy(update={"location": address})), page


def is_fetching() -> bool:
    """Whether a process of ours fetches a bundle."""
    return any("agent.sources" in _command(child) for child in psutil.Process().children())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # Or a zombie, which is one.
        return []


async def begun(
    site: Site, command: LifecycleCommand, server: WebServer, environment: ActivityEnvironment
) -> "asyncio.Future[LifecycleReport]":
    running = asyncio.ensure_future(environment.run(site.activities.run_lifecycle_events, command))
    await until(lambda: server.sent >= MEGABYTE)
    assert is_fetching()
    return running


async def ended(running: "asyncio.Future[LifecycleReport]") -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await asyncio.wait_for(running, 20)
    return caught.value


async def test_a_stop_ends_a_download_that_gets_no_further(site: Site, server: WebServer) -> None:
    command, _ = far_away(site, server)
    environment = ActivityEnvironment()
    running = await begun(site, command, server, environment)

    environment.cancel()
    error = await ended(running)

    assert error.type == LIFECYCLE_STOPPED
    assert not is_fetching()
    assert not site.deployment().archive.exists()


async def test_an_agent_that_leaves_leaves_its_download_to_the_next(
    site: Site, server: WebServer
) -> None:
    command, page = far_away(site, server)
    environment = ActivityEnvironment()
    running = await begun(site, command, server, environment)

    environment.worker_shutdown()
    error = await ended(running)
    was_open = Journal(site.deployment().journal).begun(LifecycleEvent.DOWNLOAD_BUNDLE)
    page.hold_after = None
    report = await ActivityEnvironment().run(
        Site(site.directory).activities.run_lifecycle_events, command
    )

    assert error.type == AGENT_LEAVING
    assert was_open is not None
    assert {event.status for event in report.events} == {"Succeeded"}


def after(calls: int) -> Check:
    """Return a check that lets work go on so many times."""
    left = iter(range(calls))

    def check() -> None:
        if next(left, None) is None:
            raise Interrupted(Wish.STOP)

    return check


@pytest.mark.parametrize("calls", range(6))
def test_an_unpacking_that_is_stopped_leaves_what_was_there_before(
    site: Site, tmp_path: Path, calls: int
) -> None:
    site.pinned("v1", {"a": "x", "b": "x", "c": "x"})
    into = tmp_path / "into"
    into.mkdir()
    (into / "old").touch()

    with pytest.raises(Interrupted):
        unpack(tmp_path / "v1.tar", BundleType.TAR, into, check=after(calls))

    assert [path.name for path in into.iterdir()] == ["old"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("calls", range(3))
def test_a_copy_from_this_host_that_is_stopped_leaves_nothing(
    site: Site, tmp_path: Path, calls: int
) -> None:
    revision = site.pinned("v1", {"ballast": "x" * 3 * MEGABYTE})

    with pytest.raises(Interrupted):
        fetch(revision, cache=tmp_path / "cache", check=after(calls))

    assert list((tmp_path / "cache").iterdir()) == []


async def test_an_install_heeds_a_stop_before_it_changes_anything(site: Site) -> None:
    command = site.command(site.pinned("v1", {"appspec.yml": APPSPEC}))
    interruption = Interruption()
    events = Events(command, site.place, interruption=interruption)
    await events.perform(LifecycleEvent.DOWNLOAD_BUNDLE, may_start=True)

    interruption.speak(Wish.STOP)
    with pytest.raises(Interrupted):
        await events.perform(LifecycleEvent.INSTALL, may_start=True)

    assert not (site.place.destination_root / "app").exists()
