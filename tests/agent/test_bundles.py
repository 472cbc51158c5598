import hashlib
import os
from pathlib import Path

import pytest

from agent.bundles import BundleError, fetch
from codedeploy.revision import (
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
    RevisionType,
)

CONTENT = b"a bundle" * 1000


def pinned(bundle: Path, **changes: str | int) -> PinnedRevision:
    pin = PinnedRevision(
        revision=Revision(
            revision_type=RevisionType.LOCAL, local_location=LocalLocation(location=str(bundle))
        ),
        label="v2",
        location=bundle.as_uri(),
        bundle_type=BundleType.TGZ,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size_bytes=len(CONTENT),
    )
    return pin.model_copy(update=changes)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "a bundle.tgz"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_bundle_is_kept_under_its_digest(bundle: Path, cache: Path) -> None:
    revision = pinned(bundle)

    fetched = fetch(revision, cache=cache)

    assert fetched == cache / revision.sha256
    assert fetched.read_bytes() == CONTENT


def test_a_bundle_in_the_cache_is_not_fetched_again(bundle: Path, cache: Path) -> None:
    first = fetch(pinned(bundle), cache=cache)
    bundle.unlink()

    second = fetch(pinned(bundle), cache=cache)

    assert second == first


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[:-1] + b"?"], ids=["cut", "changed"])
def test_a_damaged_bundle_in_the_cache_is_fetched_again(
    bundle: Path, cache: Path, damaged: bytes
) -> None:
    fetch(pinned(bundle), cache=cache).write_bytes(damaged)

    fetched = fetch(pinned(bundle), cache=cache)

    assert fetched.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(CONTENT[:-1], "expected 8000 bytes, found 7999 bytes", id="shorter"),
        pytest.param(CONTENT + b"?", "expected 8000 bytes, found more than 8000", id="longer"),
        pytest.param(CONTENT[:-1] + b"?", "expected sha256 [0-9a-f]{64}, found sha256", id="other"),
    ],
)
def test_content_that_is_not_what_was_pinned_is_refused_and_not_kept(
    bundle: Path, cache: Path, content: bytes, found: str
) -> None:
    bundle.write_bytes(content)

    with pytest.raises(BundleError, match=f"{found}.*Push the revision again"):
        fetch(pinned(bundle), cache=cache)

    assert list(cache.iterdir()) == []


def test_a_bundle_that_is_gone_is_an_error_that_names_it(bundle: Path, cache: Path) -> None:
    bundle.unlink()

    with pytest.raises(BundleError, match=r"v2 cannot be fetched from file://.*No such file"):
        fetch(pinned(bundle), cache=cache)


@pytest.mark.parametrize("location", ["ftp://host/bundle.tgz", "file://host/bundle.tgz", "x.tgz"])
def test_a_location_that_the_agent_cannot_fetch_from_is_refused(
    bundle: Path, cache: Path, location: str
) -> None:
    with pytest.raises(BundleError, match=r"expected file:///, s3:// or https://"):
        fetch(pinned(bundle, location=location), cache=cache)


def test_a_digest_that_is_a_path_is_refused(bundle: Path, cache: Path) -> None:
    with pytest.raises(BundleError, match="no SHA-256 digest"):
        fetch(pinned(bundle, sha256="../../etc/passwd"), cache=cache)


def test_what_a_killed_download_left_long_ago_is_removed(bundle: Path, cache: Path) -> None:
    cache.mkdir()
    for name, moment in (("old.part", 0), ("fresh.part", None)):
        (cache / name).write_bytes(b"")
        if moment is not None:
            os.utime(cache / name, (moment, moment))

    fetched = fetch(pinned(bundle), cache=cache)

    assert {path.name for path in cache.iterdir()} == {"fresh.part", fetched.name}
