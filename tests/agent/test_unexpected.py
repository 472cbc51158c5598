"""What nobody expects of a revision or a host ends its event, in words, and never the agent."""

import os
import tarfile
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agent import cli
from agent.activities import HostActivities
from agent.invocation import user_of
from agent.journal import Journal
from agent.lifecycle import Host
from agent.revisions import read_appspec
from codedeploy.appspec import Script
from codedeploy.commands import LIFECYCLE_FAILED, LifecycleCommand
from codedeploy.errors import InvalidRevision
from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site

NAMELESS = "page\udcff"
"""As Python spells a file's name of which one byte is no UTF-8."""

APPSPEC = "version: 0.0\nos: linux\nfiles: [{source: /, destination: /app}]\n"
NO_USER = 54321


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def failure(site: Site, command: LifecycleCommand) -> str:
    """Return what is said of the failure of a command."""
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(HostActivities(site.host).run_lifecycle_events, command)
    assert caught.value.type == LIFECYCLE_FAILED
    return caught.value.message


async def test_a_problem_with_a_name_that_is_no_text_can_be_said(site: Site) -> None:
    there = site.place.destination_root / "app" / NAMELESS
    there.parent.mkdir(parents=True)
    there.write_text("somebody else's")

    said = await failure(
        site, site.command(site.pinned("v1", {"appspec.yml": APPSPEC, NAMELESS: "ours"}))
    )

    assert r"page\udcff" in said
    journal = Journal(site.deployment().journal)
    assert journal.result(LifecycleEvent.INSTALL) is not None


def test_such_a_problem_is_said_without_a_server_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, there = tmp_path / "bundle", tmp_path / "host" / "app"
    for directory in (bundle, there):
        directory.mkdir(parents=True)
        (directory / NAMELESS).touch()
    (bundle / "appspec.yml").write_text(APPSPEC)
    places = ("--root", str(tmp_path / "root"), "--destination-root", str(tmp_path / "host"))

    status = cli.perform(["local", "-l", str(bundle), *places])

    assert status == 1
    assert r"page\udcff" in capsys.readouterr().out


def test_a_bundle_whose_own_name_is_no_text_is_deployed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / NAMELESS
    bundle.mkdir()
    (bundle / "appspec.yml").write_text(APPSPEC)
    places = ("--root", str(tmp_path / "root"), "--destination-root", str(tmp_path / "host"))

    status = cli.perform(["local", "-l", str(bundle), "-a", "shop", *places])

    assert status == 0
    assert r"page\udcff" in capsys.readouterr().out


async def test_a_bundle_of_a_thousand_headers_in_a_row_fails_its_download(site: Site) -> None:
    command = site.command(site.pinned("v1", {"appspec.yml": APPSPEC}))
    bundle = site.directory / "v1.tar"
    bundle.write_bytes(headers(2000) + bundle.read_bytes())

    said = await failure(site, command.model_copy(update={"revision": site.repinned("v1")}))

    assert "has headers out of all proportion to its members" in said


def headers(number: int) -> bytes:
    """Return so many extended headers of a tar, with no member between them."""
    info = tarfile.TarInfo("x")
    info.pax_headers = {"comment": "x"}
    whole = info.tobuf(tarfile.PAX_FORMAT)
    return whole[: -tarfile.BLOCKSIZE] * number


def test_a_giant_appspec_fails_its_download_without_being_read_whole(site: Site) -> None:
    archive = site.directory / "archive"
    archive.mkdir()
    with (archive / "appspec.yml").open("wb") as stream:
        stream.truncate(300 << 20)
    tracemalloc.start()

    with pytest.raises(InvalidRevision, match=r"appspec\.yml is over a megabyte"):
        read_appspec(archive, "appspec.yml")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 << 20


async def test_a_fault_of_the_agents_own_fails_the_event_and_is_in_its_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.host = Host(replace(site.place, environment=Unreadable()))
    command = site.command(site.revision("v1", {LifecycleEvent.BEFORE_INSTALL: "true"}))

    said = await failure(site, command)

    assert "failed in BeforeInstall, by a fault of its own (LookupError: nothing here)" in said
    assert "Traceback" in caplog.text


class Unreadable(Mapping[str, str]):
    """Variables that cannot be had, in a way that nobody foresees."""

    def __getitem__(self, name: str) -> str:
        raise LookupError("nothing here")

    def __iter__(self) -> Iterator[str]:
        raise LookupError("nothing here")

    def __len__(self) -> int:
        return 1


def test_an_agent_may_run_as_a_user_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NO_USER)

    user = user_of(Script(location="a.sh"))

    assert (user.pw_uid, user.pw_name, user.pw_dir) == (NO_USER, str(NO_USER), "/")
