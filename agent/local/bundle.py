"""The bundle of a local deployment, pinned as the control plane pins one."""

import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from agent.bundles import BundleError
from agent.layout import Layout
from codedeploy.errors import InvalidInput
from codedeploy.revision import BundleType, LocalLocation, PinnedRevision, Revision, RevisionType


def pin(
    location: Path, bundle_type: BundleType, *, appspec_filename: str, layout: Layout
) -> PinnedRevision:
    """Return the revision at `location` as it is now; a directory is packed into the cache.

    Raises:
        InvalidInput: The agent's root lies in the bundle, and would become part of it.
        BundleError: The bundle cannot be read.
    """
    try:
        is_directory = bundle_type is BundleType.DIRECTORY
        bundle = _packed(location, layout) if is_directory else location
        sha256, size = _measure(bundle)
    except OSError as error:
        raise BundleError(
            f"The bundle {location} cannot be read, or not be kept: {error}."
        ) from error
    local = LocalLocation(location=str(location), bundle_type=bundle_type)
    return PinnedRevision(
        revision=Revision(revision_type=RevisionType.LOCAL, local_location=local),
        label=location.name or str(location),
        location=bundle.as_uri(),
        bundle_type=BundleType.TAR if is_directory else bundle_type,
        sha256=sha256,
        size_bytes=size,
        appspec_filename=appspec_filename,
    )


def _measure(bundle: Path) -> tuple[str, int]:
    with bundle.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), stream.seek(0, 2)


def _packed(directory: Path, layout: Layout) -> Path:
    """Pack a directory under the name by which the agent looks for a bundle it already has."""
    if layout.root.resolve().is_relative_to(directory.resolve()):
        raise InvalidInput(
            f"The agent's root {layout.root} lies in the bundle {directory}, and would be deployed "
            "with it. Name another one with --root, or another bundle with --bundle-location."
        )
    layout.bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=layout.bundles, suffix=".part", delete=False) as part:
        path = Path(part.name)
        try:
            _pack(directory, part)
            part.flush()
            return path.replace(layout.bundles / _measure(path)[0])
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _pack(directory: Path, target: IO[bytes]) -> None:
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(directory.rglob("*")):
            tar.add(path, str(path.relative_to(directory)), recursive=False)
