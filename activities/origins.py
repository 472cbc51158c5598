"""Where a revision that is not local comes from, so exactly that it can mean one bundle only."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from activities.sources.github import GitHub
from activities.sources.s3 import S3Object, S3Source
from activities.sources.source import Patience, Source, ask_steadily
from activities.sources.web import WebSource
from codedeploy.errors import InvalidRevision
from codedeploy.revision import (
    APPSPEC_SUFFIXES,
    SUFFIXES,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    Revision,
    S3Location,
    appspec_type_of,
    bundle_type_of,
    problem_of_commit,
)

_ARCHIVES = frozenset(SUFFIXES.values())
_APPSPECS = frozenset(APPSPEC_SUFFIXES.values())


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
    """Return where the bundle `revision` comes from; the bundle itself is not read.

    Raises:
        InvalidRevision: It does not exist, may not be read, or is none for servers.
    """
    if revision.s3_location is not None:
        form = _archive(revision.s3_location.bundle_type, revision.s3_location.key, revision.label)
        return _in_s3(revision, revision.s3_location, form=form, patience=patience)
    if revision.git_hub_location is not None:
        commit = _exact(revision.git_hub_location, github, patience)
        return _on_github(revision, commit, github)
    if revision.https_location is not None:
        asked = revision.https_location
        form = _archive(asked.bundle_type, urlsplit(asked.url).path, revision.label)
        return _on_the_web(revision, asked, form=form)
    raise no_bundle(revision.label)


def no_bundle(label: str) -> InvalidRevision:
    """Return the refusal of an AppSpec file alone as a revision for servers."""
    return InvalidRevision(
        f"{label} is an AppSpec file alone, and servers need files: name a directory or an archive."
    )


def appspec_origin_of(revision: Revision, *, patience: Patience) -> Origin:
    """Return where the AppSpec file `revision` comes from; the file itself is not read.

    Raises:
        InvalidRevision: It does not exist, may not be read, or is a bundle.
    """
    if revision.s3_location is not None:
        form = appspec_form(
            revision.s3_location.bundle_type, revision.s3_location.key, revision.label
        )
        return _in_s3(revision, revision.s3_location, form=form, patience=patience)
    if revision.https_location is not None:
        asked = revision.https_location
        form = appspec_form(asked.bundle_type, urlsplit(asked.url).path, revision.label)
        return _on_the_web(revision, asked, form=form)
    raise InvalidRevision(
        f"{revision.label} is a bundle, and the revision of a function or a service is an AppSpec "
        "file alone: name the file, its S3 object or its address."
    )


def _in_s3(
    revision: Revision, asked: S3Location, *, form: BundleType, patience: Patience
) -> Origin:
    source = S3Source(S3Object(asked.bucket, asked.key, asked.version))
    found = ask_steadily(source, source.look, patience=patience)
    if not found.size:
        raise InvalidRevision(f"{revision.label} is empty. Push it again.")
    wanted = (asked.e_tag or found.e_tag).strip('"')
    if wanted != found.e_tag:
        raise InvalidRevision(
            f"{revision.label} is not the object that was asked for: expected eTag {wanted}, found "
            f"{found.e_tag}. Somebody has replaced it: name its version, or deploy it as it is now."
        )
    place = S3Object(asked.bucket, asked.key, found.version or asked.version, found.e_tag)
    exact = asked.model_copy(
        update={"version": place.version, "e_tag": place.e_tag, "bundle_type": form}
    )
    return Origin(
        revision=revision.model_copy(update={"s3_location": exact}),
        source=source.exactly(place),
        bundle_type=form,
        location=place.address,
        identity=f"{place.address} {found.size} {form}",
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


def _on_the_web(revision: Revision, asked: HttpsLocation, *, form: BundleType) -> Origin:
    sha256 = asked.sha256.lower() if asked.sha256 else None
    address = asked.url.partition("#")[0]
    return Origin(
        revision=revision,
        source=WebSource(address),
        bundle_type=form,
        location=address,
        identity=f"{address} {sha256} {form}" if sha256 else None,
        sha256=sha256,
    )


def _archive(named: BundleType | None, name: str, label: str) -> BundleType:
    """Return the form of an archive: the one that was named, or else by its name."""
    form = named or bundle_type_of(name)
    if (named or appspec_type_of(name)) in _APPSPECS:
        raise no_bundle(label)
    if form not in _ARCHIVES:
        raise InvalidRevision(
            f"{label}: {form or 'its name'} says no form of an archive. Expected bundleType tar, "
            f"tgz or zip, or a name that ends in {', '.join(SUFFIXES)}."
        )
    return form


def appspec_form(named: BundleType | None, name: str, label: str) -> BundleType:
    """Return the form of an AppSpec file alone: the one that was named, or else by its name.

    Raises:
        InvalidRevision: It is a bundle, or of no known form.
    """
    form = named or appspec_type_of(name)
    if form not in _APPSPECS:
        raise InvalidRevision(
            f"{label}: {form or bundle_type_of(name) or 'its name'} says no form of an AppSpec "
            "file, and the revision of a function or a service is nothing else: expected "
            f"bundleType YAML or JSON, or a name that ends in {', '.join(APPSPEC_SUFFIXES)}."
        )
    return form
