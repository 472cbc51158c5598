"""The bundle of a local deployment, pinned as the control plane pins one."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.bundles import BundleError, digest_of
from agent.layout import Layout
from agent.local.locations import name_of
from agent.sources import remote
from codedeploy.errors import InvalidInput, InvalidRevision
from codedeploy.revision import BundleType, PinnedRevision, Revision


def pin(revision: Revision, *, appspec_filename: str, layout: Layout) -> PinnedRevision:
    """Return the revision as it is now; a directory is packed into the cache, as if fetched.

    Raises:
        InvalidInput: The agent's root lies in the bundle, and would become part of it.
        BundleError: The bundle cannot be read, fetched or kept.
    """
    try:
        exact, bundle_type, bundle = _brought(revision, layout)
        sha256, size = digest_of(bundle), bundle.stat().st_size
    except OSError as error:
        raise BundleError(
            f"The bundle {name_of(revision)} cannot be read, or not be kept: {error}."
        ) from error
    return PinnedRevision(
        revision=exact,
        label=exact.label or name_of(exact),
        location=bundle.as_uri(),
        bundle_type=bundle_type,
        sha256=sha256,
        size_bytes=size,
        appspec_filename=appspec_filename,
    )


def _brought(revision: Revision, layout: Layout) -> tuple[Revision, BundleType, Path]:
    """Return the exact revision, the form of its bundle, and where on this host that is."""
    local = revision.local_location
    if local is None:
        exact, bundle = _fetched(revision, layout)
        return exact, _form(exact), bundle
    path = Path(local.location)
    if local.bundle_type is BundleType.DIRECTORY:
        return revision, BundleType.TAR, _packed(path, layout)
    return revision, local.bundle_type, path


def _form(revision: Revision) -> BundleType:
    """Return the form of a bundle from afar; GitHub's archives have but one."""
    location = revision.s3_location or revision.https_location
    return (location.bundle_type if location else None) or BundleType.TGZ


def _fetched(revision: Revision, layout: Layout) -> tuple[Revision, Path]:
    with _incoming(layout) as part:
        try:
            exact = remote.obtain(revision, part)
        except InvalidRevision as error:
            raise BundleError(error.message) from error
        sha256 = digest_of(part)
        wanted = exact.https_location.sha256 if exact.https_location else None
        if wanted not in (None, sha256):
            raise BundleError(
                f"{exact.label} is not the bundle that was asked for: expected sha256 {wanted}, "
                f"found {sha256}. Correct the address or the digest."
            )
        return exact, part.replace(layout.bundles / sha256)


def _packed(directory: Path, layout: Layout) -> Path:
    """Pack a directory under the name by which the agent looks for a bundle it already has."""
    if layout.root.resolve().is_relative_to(directory.resolve()):
        raise InvalidInput(
            f"The agent's root {layout.root} lies in the bundle {directory}, and would be deployed "
            "with it. Name another one with --root, or another bundle with --bundle-location."
        )
    with _incoming(layout) as part:
        _pack(directory, part)
        return part.replace(layout.bundles / digest_of(part))


@contextmanager
def _incoming(layout: Layout) -> Iterator[Path]:
    """Make a file in the cache, which is gone afterwards unless it got a name there."""
    layout.bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=layout.bundles, suffix=".part", delete=False) as part:
        path = Path(part.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _pack(directory: Path, target: Path) -> None:
    with tarfile.open(target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(directory.rglob("*")):
            tar.add(path, str(path.relative_to(directory)), recursive=False)
