"""A content-addressed store of bundles in a directory: every file is named by its sha256."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from codedeploy.revision import BundleType

CHUNK = 1 << 20
SUFFIX = {BundleType.TAR: ".tar", BundleType.TGZ: ".tgz", BundleType.ZIP: ".zip"}


class FileStore:
    """Keeps bundles under `root`; what is there once never changes.

    Args:
        root: Made if missing. Agents read it by `file://` locations, so on more than one machine
            it must be a shared directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, archive: Path, bundle_type: BundleType) -> tuple[Path, str]:
        """Copy `archive` into the store; return its place and sha256."""
        with archive.open("rb") as source, self._temporary() as target:
            shutil.copyfileobj(source, target, CHUNK)
            return self._settle(target, bundle_type)

    def pack(self, directory: Path) -> tuple[Path, str]:
        """Pack `directory` into the store; equal content gives the equal bundle."""
        with self._temporary() as target:
            with (
                gzip.GzipFile("", "wb", 6, target, mtime=0) as zipped,
                tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
            ):
                for path in sorted(directory.rglob("*")):
                    tar.add(path, str(path.relative_to(directory)), recursive=False)
            return self._settle(target, BundleType.TGZ)

    def _temporary(self) -> "tempfile._TemporaryFileWrapper[bytes]":
        self._root.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=self._root, prefix=".adding-", delete=False)

    def _settle(
        self, target: "tempfile._TemporaryFileWrapper[bytes]", bundle_type: BundleType
    ) -> tuple[Path, str]:
        target.flush()
        os.fsync(target.fileno())
        digest = sha256_of(Path(target.name))
        place = self._root / f"{digest}{SUFFIX[bundle_type]}"
        Path(target.name).chmod(0o644)
        return Path(target.name).replace(place), digest


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
