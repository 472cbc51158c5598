"""`rollway-agent local` with bundles that are not on this host: real processes, real servers."""

import asyncio
import hashlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.activities.bundles import tgz, zipped
from tests.activities.object_store import CREDENTIALS, ObjectStore, emulated_s3
from tests.activities.web_server import Page, WebServer
from tests.agent.site import until

APPSPEC = """\
version: 0.0
os: linux
files: [{source: page, destination: /app}]
hooks:
  AfterInstall: [{location: say.sh}]
"""
SAY = "#!/bin/sh\nenv | grep -E '^(BUNDLE|APPLICATION|AWS|ROLLWAY)' | sort\n"
FILES = {"appspec.yml": APPSPEC, "say.sh": SAY, "page": "v1"}
BUNDLE = tgz(FILES)
COMMIT = "1f0c2ab" + "0" * 33
TOKEN = "hunter2"


class Machine:
    """A host to deploy to with `rollway-agent local`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.cache = directory / "root/bundles"
        self.page = directory / "destination/app/page"

    @asynccontextmanager
    async def deploying(
        self, location: str, *more: str, **variables: str
    ) -> AsyncIterator[Process]:
        places = ("--root", "root", "--destination-root", "destination")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "local", "-l", location, *places, *more),
            stdout=PIPE,
            stderr=STDOUT,
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], **CREDENTIALS, **variables},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def deploy(self, location: str, *more: str, **variables: str) -> tuple[int, str]:
        """Return the status of a deployment and what it said."""
        async with self.deploying(location, *more, **variables) as process:
            said, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, said.decode()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def s3() -> Iterator[ObjectStore]:
    with emulated_s3() as store:
        store.bucket("releases", versioned=True)
        yield store


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer().running() as server:
        yield server


@pytest.fixture
def github(web: WebServer) -> Mapping[str, str]:
    """A repository with one commit, and what makes an agent look there."""
    web.serve(f"/repos/acme/shop/commits/{COMMIT[:7]}", Page(COMMIT.encode()))
    web.serve(f"/repos/acme/shop/tarball/{COMMIT}", Page(tgz(FILES, top="acme-shop")))
    return {"ROLLWAY_GITHUB_API": web.address, "ROLLWAY_GITHUB_TOKEN": TOKEN}


def at(s3: ObjectStore) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_S3": s3.address}


def script_output(said: str) -> dict[str, str]:
    lines = (line.removeprefix("  | ") for line in said.splitlines() if line.startswith("  | "))
    return dict(line.split("=", 1) for line in lines)


async def test_a_version_in_s3_is_deployed_and_its_scripts_know_it(
    machine: Machine, s3: ObjectStore
) -> None:
    answer = s3.put("releases", "a b/shop.tgz", BUNDLE)
    s3.put("releases", "a b/shop.tgz", b"somebody else's")
    version, e_tag = answer["VersionId"], answer["ETag"].strip('"')

    status, said = await machine.deploy(
        f"s3://releases/a b/shop.tgz?versionId={version}&etag={e_tag}", **at(s3)
    )

    assert status == 0, said
    assert machine.page.read_text() == "v1"
    assert script_output(said) == {
        "APPLICATION_NAME": "s3://releases/a b/shop.tgz",
        "BUNDLE_BUCKET": "releases",
        "BUNDLE_ETAG": e_tag,
        "BUNDLE_KEY": "a b/shop.tgz",
        "BUNDLE_VERSION": version,
    }


async def test_a_name_that_the_terminal_cannot_spell_is_found(
    machine: Machine, s3: ObjectStore
) -> None:
    s3.put("releases", "größe.tgz", BUNDLE)

    status, said = await machine.deploy(
        "s3://releases/größe.tgz", PYTHONIOENCODING="ascii", **at(s3)
    )

    assert status == 0, said
    assert machine.page.read_text() == "v1"


async def test_an_object_whose_name_says_no_form_is_what_it_is_called(
    machine: Machine, s3: ObjectStore
) -> None:
    s3.put("releases", "latest", zipped(FILES))

    status, said = await machine.deploy("s3://releases/latest", "-t", "zip", **at(s3))

    assert status == 0, said
    assert machine.page.read_text() == "v1"


async def test_s3_is_where_the_agents_configuration_says(
    machine: Machine, s3: ObjectStore, tmp_path: Path
) -> None:
    s3.put("releases", "shop.tgz", BUNDLE)
    (tmp_path / "agent.yml").write_text(f"s3Endpoint: {s3.address}\ns3Region: eu-west-1\n")
    no_region = {"AWS_REGION": "", "ROLLWAY_AGENT_CONFIG": str(tmp_path / "agent.yml")}

    status, said = await machine.deploy("s3://releases/shop.tgz", **no_region)

    assert status == 0, said
    assert machine.page.read_text() == "v1"


async def test_an_object_whose_name_says_no_form_must_be_called_something(machine: Machine) -> None:
    status, said = await machine.deploy("s3://releases/latest")

    assert status == 2
    assert "s3://releases/latest does not end in .tar, .tar.gz, .tgz or .zip" in said


@pytest.mark.parametrize(
    ("location", "said"),
    [
        pytest.param("s3://releases/none.tgz", "refused with NoSuchKey", id="no object"),
        pytest.param("s3://nobodys/shop.tgz", "refused with NoSuchBucket", id="no bucket"),
        pytest.param("s3://releases/shop.tgz?etag=47e8", "expected eTag 47e8, found", id="etag"),
    ],
)
async def test_what_s3_does_not_have_is_said_and_nothing_is_done(
    machine: Machine, s3: ObjectStore, location: str, said: str
) -> None:
    s3.put("releases", "shop.tgz", BUNDLE)

    status, answer = await machine.deploy(location, **at(s3))

    assert status == 1
    assert said in answer
    assert "Traceback" not in answer
    assert list(machine.cache.iterdir()) == []


async def test_an_archive_on_a_web_server_is_deployed(machine: Machine, web: WebServer) -> None:
    digest = hashlib.sha256(BUNDLE).hexdigest()
    address = web.serve("/shop.tgz", Page(BUNDLE, failures=[503], cuts=[100]))

    status, said = await machine.deploy(f"{address}#sha256={digest}")

    assert status == 0, said
    assert machine.page.read_text() == "v1"
    assert (machine.cache / digest).read_bytes() == BUNDLE


async def test_another_digest_than_was_asked_for_is_refused(
    machine: Machine, web: WebServer
) -> None:
    address = web.serve("/shop.tgz", Page(BUNDLE))

    status, said = await machine.deploy(f"{address}#sha256={'0' * 64}")

    assert status == 1
    assert f"expected sha256 {'0' * 64}, found {hashlib.sha256(BUNDLE).hexdigest()}" in said
    assert list(machine.cache.iterdir()) == []


async def test_a_web_server_that_refuses_is_quoted(machine: Machine, web: WebServer) -> None:
    status, said = await machine.deploy(f"{web.address}/none.tgz")

    assert status == 1
    assert "/none.tgz cannot be read: it answers 404" in said


async def test_a_commit_on_github_is_deployed_and_no_script_sees_the_token(
    machine: Machine, github: Mapping[str, str]
) -> None:
    status, said = await machine.deploy(f"github:acme/shop@{COMMIT[:7]}", **github)

    assert status == 0, said
    assert machine.page.read_text() == "v1"
    assert script_output(said) == {
        "APPLICATION_NAME": f"acme/shop@{COMMIT[:7]}",
        "BUNDLE_COMMIT": COMMIT,
    }
    assert TOKEN not in said


async def test_a_repository_that_is_not_there_may_want_a_token(
    machine: Machine, web: WebServer
) -> None:
    status, said = await machine.deploy(
        f"github:acme/secret@{COMMIT[:7]}", ROLLWAY_GITHUB_API=web.address
    )

    assert status == 1
    assert "put a token that may read it into the agent's ROLLWAY_GITHUB_TOKEN" in said


async def test_a_signal_ends_a_download_and_leaves_nothing_behind(
    machine: Machine, web: WebServer
) -> None:
    address = web.serve("/shop.tgz", Page(bytes(1 << 20), hold_after=1 << 16))
    async with machine.deploying(address) as process:
        await until(lambda: web.sent > 0)
        children = psutil.Process(process.pid).children()

        process.send_signal(signal.SIGINT)
        said, _ = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    assert b"stopped before it began" in said
    await until(lambda: not any(child.is_running() for child in children))
    assert list(machine.cache.iterdir()) == []


async def test_a_bundle_for_which_there_is_no_room_is_said(
    machine: Machine, web: WebServer, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/bundles").write_text("in the way")

    status, said = await machine.deploy(web.serve("/shop.tgz", Page(BUNDLE)))

    assert status == 1
    assert "/shop.tgz cannot be read, or not be kept" in said
