"""Where the bundle of a local deployment is: on this host, in S3, on GitHub or on a web server."""

import re
from urllib.parse import parse_qsl, urlsplit

from agent.local.places import bundle_at
from codedeploy.document import alternatives
from codedeploy.errors import InvalidInput
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

_S3_QUERY = {"versionId": "version", "etag": "e_tag"}
_GITHUB = re.compile(r"(?P<repository>[^/@\s]+/[^/@\s]+)@(?P<commit>\S+)")
_DIGEST = re.compile(r"sha256=(?P<sha256>[0-9a-fA-F]{64})")


def revision_at(location: str, named: BundleType | None) -> Revision:
    """Return the revision that a `--bundle-location` and a `--type`, if one was given, name.

    Raises:
        InvalidInput: They cannot be right; nothing was fetched to find out.

    Source: CodeDeploy User Guide, Use the CodeDeploy agent to validate a deployment package on a
    local machine (`--bundle-location`, `--type`).
    """
    if location.startswith("s3://"):
        return _in_s3(location, named)
    if location.startswith("github:"):
        return _on_github(location, named)
    if location.startswith(("https://", "http://")):
        return _on_the_web(location, named)
    if "://" in location:
        raise InvalidInput(
            f"{location!r} is no location that is known here: expected a directory or archive, "
            "s3://BUCKET/KEY, https://HOST/PATH or github:OWNER/REPOSITORY@COMMIT."
        )
    bundle_type = named or BundleType.DIRECTORY
    path = bundle_at(location, bundle_type)
    local = LocalLocation(location=str(path), bundle_type=bundle_type)
    return Revision(revision_type=RevisionType.LOCAL, local_location=local)


def name_of(revision: Revision) -> str:
    """Return a bundle's name for people: a path in full, an address without its query."""
    local = revision.local_location
    return revision.label if local is None else local.location


def _in_s3(location: str, named: BundleType | None) -> Revision:
    place, mark, query = location.removeprefix("s3://").partition("?")
    bucket, _, key = place.partition("/")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    is_known = all(name in _S3_QUERY and value for name, value in asked.items())
    if not (bucket and key and is_known and bool(mark) == bool(asked)):
        raise InvalidInput(
            f"{location!r} is no S3 location: expected s3://BUCKET/KEY, perhaps with "
            "?versionId=..., with ?etag=..., or with both and & between them."
        )
    exact = {_S3_QUERY[name]: value for name, value in asked.items()}
    archive = _archive(named, key, location=f"s3://{place}")
    found = S3Location(bucket=bucket, key=key, bundle_type=archive, **exact)
    return Revision(revision_type=RevisionType.S3, s3_location=found)


def _on_github(location: str, named: BundleType | None) -> Revision:
    found = _GITHUB.fullmatch(location.removeprefix("github:"))
    if not found:
        raise InvalidInput(
            f"{location!r} is no GitHub location: expected github:OWNER/REPOSITORY@COMMIT."
        )
    if problem := problem_of_commit(found["commit"]):
        raise InvalidInput(f"{location!r}: {problem}")
    if named not in (None, BundleType.TGZ):
        raise InvalidInput(f"{location!r} is fetched as a tgz, not as {named}. Leave out --type.")
    place = GitHubLocation(repository=found["repository"], commit_id=found["commit"])
    return Revision(revision_type=RevisionType.GITHUB, git_hub_location=place)


def _on_the_web(location: str, named: BundleType | None) -> Revision:
    address, mark, fragment = location.partition("#")
    shown = without_secrets(address)
    if problem := problem_of_address(address):
        raise InvalidInput(f"Nothing is fetched from {shown}: {problem}.")
    digest = _DIGEST.fullmatch(fragment)
    if mark and not digest:
        raise InvalidInput(
            f"{shown}: expected #sha256= and 64 hexadecimal digits behind it, found "
            f"{mark + fragment!r}."
        )
    place = HttpsLocation(
        url=address,
        bundle_type=_archive(named, urlsplit(address).path, location=shown),
        sha256=digest["sha256"].lower() if digest else None,
    )
    return Revision(revision_type=RevisionType.HTTPS, https_location=place)


def _archive(named: BundleType | None, name: str, *, location: str) -> BundleType:
    """Return the form of an archive that is not on this host.

    Differs from AWS: without `--type` the end of the name tells it, since it can be no directory.
    """
    bundle_type = named or bundle_type_of(name)
    if bundle_type is None:
        raise InvalidInput(
            f"{location} does not end in {alternatives(sorted(SUFFIXES))}. Say what it is with "
            "--type zip, tar or tgz."
        )
    if bundle_type is BundleType.DIRECTORY:
        raise InvalidInput(
            f"{location} is not on this host and so can be no directory. Say what it is with "
            "--type zip, tar or tgz."
        )
    return bundle_type
