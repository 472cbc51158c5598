"""Bundles to deploy, made on the spot."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

APPSPEC = (
    "version: 0.0\n"
    "os: linux\n"
    "hooks:\n"
    "  AfterInstall:\n"
    "    - location: start.sh\n"
    "      timeout: 30\n"
)
FILES = {"appspec.yml": APPSPEC, "start.sh": "#!/bin/sh\n"}


def tgz(files: Mapping[str, str] = FILES, *, top: str = "") -> bytes:
    """Return an archive of `files`, below the directory `top` if it has a name."""
    stream = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def zipped(files: Mapping[str, str] = FILES) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()
