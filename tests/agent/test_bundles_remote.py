import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from activities.backends.file_store import FileStore
from activities.revisions import Revisions
from activities.sources.part import PartFile, opened
from activities.sources.s3 import PIECE_BYTES
from agent.bundles import BundleError, fetch
from codedeploy.revision import (
    BundleType,
    HttpsLocation,
    PinnedRevision,
    Revision,
    RevisionType,
    S3Location,
)
from tests.activities.bundles import tgz
from tests.activities.object_store import CREDENTIALS, emulated_s3
from tests.activities.web_server import Page, WebServer
from tests.agent.site import until

CONTENT = random.Random(3).randbytes(3 * PIECE_BYTES + 1000)
SMALL = CONTENT[:200_000]
AGENT = (
    "import sys; from pathlib import Path; from agent.bundles import fetch;"
    "from codedeploy.revision import PinnedRevision;"
    "fetch(PinnedRevision.model_validate_json(sys.argv[1]), cache=Path(sys.argv[2]))"
)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as server:
        yield server


@pytest.fixture
def s3(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.address)
    return server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def pinned(location: str, content: bytes) -> PinnedRevision:
    url = HttpsLocation(url="https://example.com/v2.tgz")
    return PinnedRevision(
        revision=Revision(revision_type=RevisionType.HTTPS, https_location=url),
        label="v2",
        location=location,
        bundle_type=BundleType.TGZ,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def arrived(cache: Path, revision: PinnedRevision) -> int:
    """How many bytes an unfinished download has kept."""
    size = revision.size_bytes
    try:
        descriptor = os.open(cache / f"{revision.sha256}.part", os.O_RDWR)
    except FileNotFoundError:
        return 0
    part = PartFile(descriptor, size, PIECE_BYTES)
    gaps = [part.gap(number) for number in part.gaps()]
    os.close(descriptor)
    return size - sum(stop - start for start, stop in gaps)


def an_agent_fetching(revision: PinnedRevision, cache: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", AGENT, revision.model_dump_json(), str(cache)])


def test_what_the_control_plane_pins_a_host_can_fetch(
    monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    place = S3Location(bucket="releases", key="a b/ü?x=1#y%20.tgz")
    revision = Revision(revision_type=RevisionType.S3, s3_location=place)
    with emulated_s3() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        store.put(store.bucket("releases"), place.key, tgz())
        pin = Revisions(FileStore(tmp_path / "store")).pin(revision)

        bundle = fetch(pin, cache=cache)

    assert bundle.read_bytes() == tgz()


def test_a_bundle_is_fetched_from_a_web_server(server: WebServer, cache: Path) -> None:
    address = server.serve("/v2.tgz", Page(SMALL, failures=[500, 500], cuts=[50_000]))

    bundle = fetch(pinned(address, SMALL), cache=cache)

    assert bundle.read_bytes() == SMALL
    assert server.sent == len(SMALL)


def test_a_fetched_bundle_is_not_fetched_again(server: WebServer, cache: Path) -> None:
    revision = pinned(server.serve("/v2.tgz", Page(SMALL)), SMALL)

    first, second = (fetch(revision, cache=cache) for _ in range(2))

    assert first == second
    assert len(server.asked) == 1


def test_content_of_another_digest_is_refused_and_not_kept(server: WebServer, cache: Path) -> None:
    other = SMALL[:-1] + b"?"
    revision = pinned(server.serve("/v2.tgz", Page(other)), SMALL)

    with pytest.raises(BundleError, match=r"not what was pinned.*expected sha256 .*, found sha256"):
        fetch(revision, cache=cache)

    assert list(cache.iterdir()) == []


def test_what_a_power_failure_damaged_is_fetched_again(server: WebServer, cache: Path) -> None:
    revision = pinned(server.serve("/v2.tgz", Page(SMALL)), SMALL)
    cache.mkdir()
    with opened(cache / f"{revision.sha256}.part", len(SMALL), len(SMALL)) as part:
        part.append(0, b"\0" * 100_000)

    bundle = fetch(revision, cache=cache)

    assert bundle.read_bytes() == SMALL
    assert [asked.range for asked in server.asked] == ["bytes=100000-", ""]


def test_a_refusal_says_which_revision_and_what_to_do(server: WebServer, cache: Path) -> None:
    address = server.serve("/v2.tgz", Page(status=404))

    with pytest.raises(BundleError, match=r"^v2 cannot be fetched: .*v2.tgz .* 404 .*Check the"):
        fetch(pinned(address, SMALL), cache=cache)


@pytest.mark.parametrize("location", ["http://example.com/v2.tgz", "https://u:p@example.com/x"])
def test_an_address_that_nobody_may_pin_is_refused(cache: Path, location: str) -> None:
    with pytest.raises(BundleError, match="Nothing is fetched from"):
        fetch(pinned(location, SMALL), cache=cache)


def test_a_cache_that_cannot_be_written_is_named(server: WebServer, cache: Path) -> None:
    revision = pinned(server.serve("/v2.tgz", Page(SMALL)), SMALL)
    (cache / f"{revision.sha256}.part").mkdir(parents=True)

    with pytest.raises(BundleError, match=r"part cannot be written: Is a directory"):
        fetch(revision, cache=cache)


async def test_an_agent_killed_in_a_download_takes_its_process_with_it_and_goes_on_later(
    s3: WebServer, cache: Path
) -> None:
    page = Page(CONTENT, hold_after=4 << 20)
    s3.serve("/releases/v2.tgz", page)
    revision = pinned("s3://releases/v2.tgz", CONTENT)
    agent = an_agent_fetching(revision, cache)
    held = 3 * (4 << 20) + 1000
    await until(lambda: arrived(cache, revision) == held)
    children = psutil.Process(agent.pid).children()

    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()

    await until(lambda: not any(child.is_running() for child in children))
    page.hold_after, s3.sent = None, 0
    bundle = fetch(revision, cache=cache)
    assert bundle.read_bytes() == CONTENT
    assert s3.sent == len(CONTENT) - held


async def test_the_fetching_process_stays_small(s3: WebServer, cache: Path) -> None:
    s3.serve("/releases/v2.tgz", Page(CONTENT, hold_after=PIECE_BYTES - (1 << 18)))
    revision = pinned("s3://releases/v2.tgz", CONTENT)
    agent = an_agent_fetching(revision, cache)
    try:
        await until(lambda: arrived(cache, revision) > 2.9 * PIECE_BYTES)

        (child,) = psutil.Process(agent.pid).children()

        assert child.memory_info().rss < 100 << 20
    finally:
        agent.kill()
        agent.wait()
