"""Where a revision that is not local comes from, so exactly that it can mean one bundle only."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from activities.sources.github import GitHub
from activities.sources.s3 import S3Object, S3Source
from activities.sources.source import Patience, Source, ask_steadily
from activities.sources.web import WebSource
from codedeploy.errors import InvalidRevision
from codedeploy.revision import (
    SUFFIXES,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    Revision,
    S3Location,
    bundle_type_of,
    problem_of_commit,
)

_ARCHIVES = frozenset(SUFFIXES.values())


@dataclass(frozen=True)
class Origin:
    """One bundle at its source.

    Attributes:
        revision: With everything that was found out about it.
        location: Where hosts fetch it; None if from the control plane's store.
        identity: Means this content and no other; None if nothing vouches for that.
        sha256: What it must hash to; None takes it as it is.
        size: In bytes; None if its source does not say.
    """

    revision: Revision
    source: Source
    bundle_type: BundleType
    location: str | None = None
    identity: str | None = None
    sha256: str | None = None
    size: int | None = None

    def revision_with(self, sha256: str) -> Revision:
        """Return the revision with its digest, where it has a place for that."""
        if self.revision.https_location is None:
            return self.revision
        exact = self.revision.https_location.model_copy(update={"sha256": sha256})
        return self.revision.model_copy(update={"https_location": exact})


def origin_of(revision: Revision, *, github: GitHub, patience: Patience) -> Origin:
    """Return where `revision` comes from; the bundle itself is not read.

    Raises:
        InvalidRevision: It does not exist, may not be read, or is none for servers.
    """
    if revision.s3_location is not None:
        return _in_s3(revision, revision.s3_location, patience)
    if revision.git_hub_location is not None:
        commit = _exact(revision.git_hub_location, github, patience)
        return _on_github(revision, commit, github)
    if revision.https_location is not None:
        return _on_the_web(revision, revision.https_location)
    raise InvalidRevision(
        f"A revision of type {revision.revision_type} is an AppSpec alone, and servers need files: "
        "name a bundle."
    )


def _in_s3(revision: Revision, asked: S3Location, patience: Patience) -> Origin:
    bundle_type = _archive(asked.bundle_type, asked.key, label=revision.label)
    source = S3Source(S3Object(asked.bucket, asked.key, asked.version))
    found = ask_steadily(source, source.look, patience=patience)
    if not found.size:
        raise InvalidRevision(f"{revision.label} is empty. Push the bundle again.")
    wanted = (asked.e_tag or found.e_tag).strip('"')
    if wanted != found.e_tag:
        raise InvalidRevision(
            f"{revision.label} is not the object that was asked for: expected eTag {wanted}, found "
            f"{found.e_tag}. Somebody has replaced it: name its version, or deploy it as it is now."
        )
    place = S3Object(asked.bucket, asked.key, found.version or asked.version, found.e_tag)
    exact = asked.model_copy(
        update={"version": place.version, "e_tag": place.e_tag, "bundle_type": bundle_type}
    )
    return Origin(
        revision=revision.model_copy(update={"s3_location": exact}),
        source=source.exactly(place),
        bundle_type=bundle_type,
        location=place.address,
        identity=f"{place.address} {found.size} {bundle_type}",
        size=found.size,
    )


def _exact(asked: GitHubLocation, github: GitHub, patience: Patience) -> GitHubLocation:
    if problem := problem_of_commit(asked.commit_id):
        raise InvalidRevision(f"{asked.repository}: {problem}")
    commit_id = github.whole_commit_id(asked.repository, asked.commit_id, patience=patience)
    return asked.model_copy(update={"commit_id": commit_id})


def _on_github(revision: Revision, exact: GitHubLocation, github: GitHub) -> Origin:
    """Return a commit's archive, which hosts take from the store.

    GitHub may pack an archive anew, with another digest, between two hosts. And so no host needs
    a token.
    """
    return Origin(
        revision=revision.model_copy(update={"git_hub_location": exact}),
        source=github.tarball(exact.repository, exact.commit_id),
        bundle_type=BundleType.TGZ,
        identity=f"{github.api} {exact.repository} {exact.commit_id}",
    )


def _on_the_web(revision: Revision, asked: HttpsLocation) -> Origin:
    bundle_type = _archive(asked.bundle_type, urlsplit(asked.url).path, label=revision.label)
    sha256 = asked.sha256.lower() if asked.sha256 else None
    address = asked.url.partition("#")[0]
    return Origin(
        revision=revision,
        source=WebSource(address),
        bundle_type=bundle_type,
        location=address,
        identity=f"{address} {sha256} {bundle_type}" if sha256 else None,
        sha256=sha256,
    )


def _archive(named: BundleType | None, name: str, *, label: str) -> BundleType:
    """Return the form of an archive: the one that was named, or else by its name."""
    bundle_type = named or bundle_type_of(name)
    if bundle_type not in _ARCHIVES:
        raise InvalidRevision(
            f"{label}: {bundle_type or 'its name'} says no form of an archive. Expected bundleType "
            f"tar, tgz or zip, or a name that ends in {', '.join(SUFFIXES)}."
        )
    return bundle_type
