"""Bundles on this host: fetched once, verified against the pin, kept by digest.

Differs from AWS: a bundle is known by its SHA-256, so a rollback or a second deployment group
downloads nothing.
"""

import hashlib
import os
import re
import tempfile
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from agent.interruption import Check, go_on
from agent.sources import remote
from codedeploy.errors import InvalidRevision, RollwayError
from codedeploy.revision import PinnedRevision

_AT_ONCE = 1 << 20
_ABANDONED_SECONDS = 24 * 60 * 60
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BundleError(RollwayError):
    """A bundle cannot be fetched, is not what was pinned, or cannot be unpacked safely."""


def fetch(revision: PinnedRevision, *, cache: Path, check: Check = go_on) -> Path:
    """Return the revision's bundle, verified, from the cache or from its location.

    A second call finds the bundle in the cache and reads only that; a cached file that has changed
    is fetched again.

    Raises:
        BundleError: The location cannot be read, or its content is not what was pinned.
        Interrupted: `check` says so, between two pieces; what came from afar is kept.
    """
    if not _DIGEST.fullmatch(revision.sha256):
        raise BundleError(
            f"{revision.label}: {revision.sha256!r} is no SHA-256 digest; deploy it again."
        )
    bundle = cache / revision.sha256
    if _is_right(bundle, revision, check):
        return bundle
    try:
        _bring(revision, bundle, check)
    except OSError as error:
        raise BundleError(
            f"{revision.label} cannot be fetched from {revision.location}: {error.strerror}. "
            "Check that this host can read it and has space, then deploy again."
        ) from error
    return bundle


def _bring(revision: PinnedRevision, bundle: Path, check: Check) -> None:
    bundle.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_abandoned(bundle.parent)
    if remote.is_remote(revision.location):
        _download(revision, bundle, check)
        return
    with _local(revision).open("rb") as source:
        _store(source, revision, bundle, check)


def _is_right(bundle: Path, revision: PinnedRevision, check: Check) -> bool:
    try:
        if bundle.stat().st_size != revision.size_bytes:
            return False
        return digest_of(bundle, check) == revision.sha256
    except OSError:
        return False


def digest_of(path: Path, check: Check = go_on) -> str:
    """Return the SHA-256 of a file, by which bundles are known."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_AT_ONCE):
            check()
            digest.update(chunk)
    return digest.hexdigest()


def _download(revision: PinnedRevision, bundle: Path, check: Check) -> None:
    """Fetch the bundle from afar, going on where an earlier attempt ended.

    What a power failure left may be damaged. So content that is wrong after going on is fetched
    once more, from the beginning.
    """
    part = bundle.with_name(f"{bundle.name}.part")
    is_resumed = part.exists()
    try:
        remote.fetch(revision.location, revision.size_bytes, part, check)
    except InvalidRevision as error:
        raise BundleError(f"{revision.label} cannot be fetched: {error.message}") from error
    found = digest_of(part, check)
    if found == revision.sha256:
        part.replace(bundle)
        return
    part.unlink()
    if not is_resumed:
        raise _changed(revision, f"sha256 {revision.sha256}", f"sha256 {found}")
    _download(revision, bundle, check)


def _local(revision: PinnedRevision) -> Path:
    location = urlsplit(revision.location)
    if location.scheme != "file" or location.netloc not in ("", "localhost"):
        raise BundleError(
            f"{revision.label}: {revision.location} is no place that this agent fetches from: "
            "expected file:///, s3:// or https://. Deploy it again."
        )
    return Path(unquote(location.path))


def _store(source: BinaryIO, revision: PinnedRevision, bundle: Path, check: Check) -> None:
    descriptor, name = tempfile.mkstemp(dir=bundle.parent, suffix=".part")
    part = Path(name)
    try:
        with open(descriptor, "wb") as target:
            _copy_verified(source, target, revision, check=check)
            target.flush()
            os.fsync(target.fileno())
        part.replace(bundle)
    finally:
        part.unlink(missing_ok=True)


def _copy_verified(
    source: BinaryIO, target: BinaryIO, revision: PinnedRevision, *, check: Check
) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_AT_ONCE):
        check()
        size += len(chunk)
        if size > revision.size_bytes:
            break
        digest.update(chunk)
        target.write(chunk)
    if size != revision.size_bytes:
        found = f"more than {revision.size_bytes}" if chunk else str(size)
        raise _changed(revision, f"{revision.size_bytes} bytes", f"{found} bytes")
    if digest.hexdigest() != revision.sha256:
        raise _changed(revision, f"sha256 {revision.sha256}", f"sha256 {digest.hexdigest()}")


def _changed(revision: PinnedRevision, expected: str, found: str) -> BundleError:
    return BundleError(
        f"{revision.label} at {revision.location} is not what was pinned when the deployment was "
        f"made: expected {expected}, found {found}. Push the revision again and deploy it anew."
    )


def _remove_abandoned(cache: Path) -> None:
    """Remove what a killed download left; a fresh one may be another thread's."""
    oldest = time.time() - _ABANDONED_SECONDS
    for part in cache.glob("*.part"):
        if part.stat().st_mtime < oldest:
            part.unlink(missing_ok=True)
