"""A content-addressed store in a directory: every bundle and AppSpec is named by its sha256."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from codedeploy.revision import BundleType

CHUNK = 1 << 20
_ABANDONED_SECONDS = 24 * 60 * 60
_INCOMING = ".adding-"
SUFFIX = {
    BundleType.TAR: ".tar",
    BundleType.TGZ: ".tgz",
    BundleType.ZIP: ".zip",
    BundleType.YAML: ".yml",
    BundleType.JSON: ".json",
}


class TooLarge(Exception):
    """More came than is taken."""


@dataclass(frozen=True)
class Received:
    """A bundle that came in, in a file that will be gone soon."""

    path: Path
    sha256: str
    size_bytes: int


class FileStore:
    """Keeps bundles under `root`; what is there once never changes.

    Args:
        root: Made if missing. Agents read it by `file://` locations, so on more than one machine
            it must be a shared directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

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

    @contextmanager
    def received(self, chunks: Iterable[bytes], *, at_most: int) -> Iterator[Received]:
        """Hold what comes in a file, to be looked into and perhaps kept with `keep`.

        Raises:
            TooLarge: There are more than `at_most` bytes.
        """
        with self._temporary() as target:
            path = Path(target.name)
            try:
                digest = hashlib.sha256()
                for chunk in chunks:
                    digest.update(chunk)
                    target.write(chunk)
                    if target.tell() > at_most:
                        raise TooLarge
                target.flush()
                yield Received(path, digest.hexdigest(), target.tell())
            finally:
                path.unlink(missing_ok=True)

    def keep(self, received: Received, bundle_type: BundleType) -> Path:
        """Make a bundle that came in part of the store; return its place."""
        with received.path.open("rb") as stream:
            os.fsync(stream.fileno())
        received.path.chmod(0o644)
        return received.path.replace(self.place_of(received.sha256, bundle_type))

    def place_of(self, sha256: str, bundle_type: BundleType) -> Path:
        """Return where the bundle of that digest is, or would be."""
        return self.root / f"{sha256}{SUFFIX[bundle_type]}"

    def _temporary(self) -> "tempfile._TemporaryFileWrapper[bytes]":
        self.root.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()
        return tempfile.NamedTemporaryFile(dir=self.root, prefix=_INCOMING, delete=False)

    def _settle(
        self, target: "tempfile._TemporaryFileWrapper[bytes]", bundle_type: BundleType
    ) -> tuple[Path, str]:
        target.flush()
        os.fsync(target.fileno())
        digest = sha256_of(Path(target.name))
        Path(target.name).chmod(0o644)
        return Path(target.name).replace(self.place_of(digest, bundle_type)), digest

    def _remove_abandoned(self) -> None:
        """Remove what a killed worker left; a fresh one may be another thread's."""
        oldest = time.time() - _ABANDONED_SECONDS
        for path in self.root.glob(f"{_INCOMING}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
