"""Revisions by where they are: what people type, and what lies on this machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from codedeploy.document import alternatives
from codedeploy.errors import InvalidInput, InvalidRevision
from codedeploy.revision import (
    APPSPEC_SUFFIXES,
    LARGEST_APPSPEC,
    SUFFIXES,
    AppSpecContent,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    LocalLocation,
    Revision,
    RevisionType,
    S3Location,
    appspec_type_of,
    bundle_type_of,
    problem_of_appspec_filename,
    problem_of_commit,
)
from codedeploy.web_address import problem_of_address, without_secrets
from starter.documents_on_disk import Unreadable, read_text

_S3 = re.compile(r"s3://(?P<bucket>[^/?]+)/(?P<key>[^?]+)(?:\?versionId=(?P<version>[^&]+))?")
_GITHUB = re.compile(r"github:(?P<repository>[^/@\s]+/[^/@\s]+)@(?P<commit>\S+)")
_ENDINGS = alternatives(sorted({*SUFFIXES, *APPSPEC_SUFFIXES}))
_DIGEST = re.compile(r"sha256=(?P<sha256>[0-9a-fA-F]{64})")


def location(typed: str) -> Revision | None:
    """Return the revision that `typed` locates by itself; None if it is a label to look up.

    An existing file or directory wins over a label of the same spelling.

    Raises:
        InvalidRevision: It starts like an address or a path and is none, or cannot be read.
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
    if typed.startswith((".", "/", "~")) or form_of(typed):
        raise InvalidRevision(f"There is no file or directory {typed}.")
    return None


def with_appspec(revision: Revision, filename: str | None) -> Revision:
    """Return the revision with another AppSpec file; None leaves it as it is.

    Raises:
        InvalidInput: That is no name of one.
    """
    if filename is None:
        return revision
    if problem := problem_of_appspec_filename(filename):
        raise InvalidInput(f"--appspec-filename: {problem}.")
    return revision.model_copy(update={"appspec_filename": filename})


def form_of(name: str) -> BundleType | None:
    """Return the form of an archive or of an AppSpec file alone, by the end of its name."""
    return bundle_type_of(name) or appspec_type_of(name)


def local(path: Path) -> Revision:
    """Return the directory, archive or AppSpec file at `path` as a revision.

    An AppSpec file goes along as text, so that the worker need not find it; bundles it reads.

    Raises:
        InvalidRevision: It is none of the three by its name, or no text.
    """
    if not path.is_dir() and appspec_type_of(path):
        return _appspec(path)
    form = BundleType.DIRECTORY if path.is_dir() else bundle_type_of(path)
    if form is None:
        raise InvalidRevision(
            f"{path} is neither a directory nor an archive nor an AppSpec file: expected a name "
            f"that ends in {_ENDINGS}."
        )
    found = LocalLocation(location=str(path.resolve()), bundle_type=form)
    return Revision(revision_type=RevisionType.LOCAL, local_location=found)


def _appspec(path: Path) -> Revision:
    try:
        text = read_text(str(path)).text
    except Unreadable as error:
        raise InvalidRevision(error.message) from error
    if len(text.encode()) > LARGEST_APPSPEC:
        raise InvalidRevision(
            f"{path} is larger than {LARGEST_APPSPEC // 1024} KB, the most that an AppSpec file "
            "may have."
        )
    content = AppSpecContent(content=text, label=path.name)
    return Revision(revision_type=RevisionType.APP_SPEC_CONTENT, app_spec_content=content)


def _s3(typed: str) -> Revision:
    found = _S3.fullmatch(typed)
    if not found:
        raise InvalidRevision(
            f"{typed!r} is no S3 location: expected s3://bucket/key or "
            "s3://bucket/key?versionId=..."
        )
    bundle_type = form_of(found["key"])
    if bundle_type is None:
        raise InvalidRevision(
            f"{typed!r}: the key must end in {_ENDINGS}, which tells what is in it."
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
    bundle_type = form_of(urlsplit(address).path)
    if bundle_type is None:
        raise InvalidRevision(
            f"{without_secrets(address)}: the path must end in {_ENDINGS}, which tells what is in "
            "it."
        )
    sha256 = digest["sha256"].lower() if digest else None
    place = HttpsLocation(url=address, bundle_type=bundle_type, sha256=sha256)
    return Revision(revision_type=RevisionType.HTTPS, https_location=place)
