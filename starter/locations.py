"""Revisions by where they are: what people type, and what lies on this machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from codedeploy.document import alternatives
from codedeploy.errors import InvalidRevision
from codedeploy.revision import (
    SUFFIXES,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    LocalLocation,
    Revision,
    RevisionType,
    S3Location,
    bundle_type_of,
    problem_of_commit,
)
from codedeploy.web_address import problem_of_address, without_secrets

_S3 = re.compile(r"s3://(?P<bucket>[^/?]+)/(?P<key>[^?]+)(?:\?versionId=(?P<version>[^&]+))?")
_GITHUB = re.compile(r"github:(?P<repository>[^/@\s]+/[^/@\s]+)@(?P<commit>\S+)")
_DIGEST = re.compile(r"sha256=(?P<sha256>[0-9a-fA-F]{64})")


def location(typed: str) -> Revision | None:
    """Return the revision that `typed` locates by itself; None if it is a label to look up.

    An existing file or directory wins over a label of the same spelling.

    Raises:
        InvalidRevision: It starts like an address or a path and is none.
    """
    if typed.startswith("s3://"):
        return _s3(typed)
    if typed.startswith("github:"):
        return _github(typed)
    if typed.startswith(("https://", "http://")):
        return _https(typed)
    path = Path(typed).expanduser()
    if path.exists():
        return local(path)
    if typed.startswith((".", "/", "~")) or bundle_type_of(path):
        raise InvalidRevision(f"There is no file or directory {typed}.")
    return None


def local(path: Path) -> Revision:
    """Return the directory or archive at `path` as a revision.

    Raises:
        InvalidRevision: It is neither a directory nor an archive by its name.
    """
    form = BundleType.DIRECTORY if path.is_dir() else bundle_type_of(path)
    if form is None:
        raise InvalidRevision(
            f"{path} is neither a directory nor an archive: expected a name that ends in "
            f"{alternatives(sorted(SUFFIXES))}."
        )
    found = LocalLocation(location=str(path.resolve()), bundle_type=form)
    return Revision(revision_type=RevisionType.LOCAL, local_location=found)


def _s3(typed: str) -> Revision:
    found = _S3.fullmatch(typed)
    if not found:
        raise InvalidRevision(
            f"{typed!r} is no S3 location: expected s3://bucket/key or "
            "s3://bucket/key?versionId=..."
        )
    bundle_type = bundle_type_of(found["key"])
    if bundle_type is None:
        raise InvalidRevision(
            f"{typed!r}: the key must end in {alternatives(sorted(SUFFIXES))}, which tells the "
            "form of the bundle."
        )
    place = S3Location(
        bucket=found["bucket"],
        key=found["key"],
        version=found["version"],
        bundle_type=bundle_type,
    )
    return Revision(revision_type=RevisionType.S3, s3_location=place)


def _github(typed: str) -> Revision:
    found = _GITHUB.fullmatch(typed)
    if not found:
        raise InvalidRevision(
            f"{typed!r} is no GitHub location: expected github:owner/repository@commit with 7 to "
            "40 hexadecimal digits."
        )
    if problem := problem_of_commit(found["commit"]):
        raise InvalidRevision(f"{typed!r}: {problem}")
    place = GitHubLocation(repository=found["repository"], commit_id=found["commit"])
    return Revision(revision_type=RevisionType.GITHUB, git_hub_location=place)


def _https(typed: str) -> Revision:
    address, hash_sign, fragment = typed.partition("#")
    if problem := problem_of_address(address):
        raise InvalidRevision(f"Nothing is fetched from {without_secrets(address)}: {problem}.")
    digest = _DIGEST.fullmatch(fragment)
    if hash_sign and not digest:
        raise InvalidRevision(
            f"{without_secrets(address)}: expected #sha256= and 64 hexadecimal digits behind it, "
            f"found {hash_sign + fragment!r}."
        )
    bundle_type = bundle_type_of(urlsplit(address).path)
    if bundle_type is None:
        raise InvalidRevision(
            f"{without_secrets(address)}: the path must end in {alternatives(sorted(SUFFIXES))}, "
            "which tells the form of the bundle."
        )
    sha256 = digest["sha256"].lower() if digest else None
    place = HttpsLocation(url=address, bundle_type=bundle_type, sha256=sha256)
    return Revision(revision_type=RevisionType.HTTPS, https_location=place)
