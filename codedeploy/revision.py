"""Revisions: what is deployed, as the user names it and as it is pinned before anything starts."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from codedeploy.wire import Model


class RevisionType(StrEnum):
    """How a revision's content is found.

    Differs from AWS: `Local` names a file or directory beside the worker; CodeDeploy's agent knows
    it only in `codedeploy-local`.
    """

    S3 = "S3"
    GITHUB = "GitHub"
    STRING = "String"
    APP_SPEC_CONTENT = "AppSpecContent"
    LOCAL = "Local"


class BundleType(StrEnum):
    """The form of a bundle."""

    TAR = "tar"
    TGZ = "tgz"
    ZIP = "zip"
    YAML = "YAML"
    JSON = "JSON"
    DIRECTORY = "directory"


class S3Location(Model):
    """An object in S3."""

    bucket: str
    key: str
    bundle_type: BundleType | None = None
    version: str | None = None
    e_tag: str | None = None


class GitHubLocation(Model):
    """A commit of a GitHub repository, `owner/name`."""

    repository: str
    commit_id: str


class AppSpecContent(Model):
    """The text of an AppSpec file (Lambda and ECS)."""

    content: str | None = None
    sha256: str | None = None


class LocalLocation(Model):
    """A directory or archive that the worker can read.

    Attributes:
        location: Absolute path.
        sha256: What the archive must hash to; None takes it as it is.
        label: Its name for people; None takes the last part of the path.
    """

    location: str
    bundle_type: BundleType = BundleType.DIRECTORY
    sha256: str | None = None
    label: str | None = None


_LOCATION_OF = {
    RevisionType.S3: "s3_location",
    RevisionType.GITHUB: "git_hub_location",
    RevisionType.STRING: "string",
    RevisionType.APP_SPEC_CONTENT: "app_spec_content",
    RevisionType.LOCAL: "local_location",
}


class Revision(Model):
    """What a person asks to deploy: exactly one location, of the kind `revision_type` names.

    Source: CodeDeploy API Reference, RevisionLocation.
    """

    revision_type: RevisionType
    s3_location: S3Location | None = None
    git_hub_location: GitHubLocation | None = None
    string: AppSpecContent | None = None
    app_spec_content: AppSpecContent | None = None
    local_location: LocalLocation | None = None

    @property
    def label(self) -> str:
        """A short name for people."""
        if self.local_location is not None:
            path = self.local_location.location.rstrip("/")
            return self.local_location.label or path.rpartition("/")[2]
        if self.s3_location is not None:
            return f"s3://{self.s3_location.bucket}/{self.s3_location.key}"
        if self.git_hub_location is not None:
            return f"{self.git_hub_location.repository}@{self.git_hub_location.commit_id[:7]}"
        return "AppSpec content"

    @model_validator(mode="after")
    def _has_its_location(self) -> Self:
        if getattr(self, _LOCATION_OF[self.revision_type]) is None:
            member = type(self).model_fields[_LOCATION_OF[self.revision_type]].alias
            raise ValueError(f"revisionType {self.revision_type} needs {member}")
        return self


class PinnedRevision(Model):
    """A revision whose content can no longer change under us.

    Attributes:
        revision: As it was asked for.
        label: Short name for people: `v2`, `shop-1.4.tgz`, `s3://bucket/key`.
        location: Where agents fetch the bundle: `file:///...` of the content-addressed store.
        bundle_type: `tar`, `tgz` or `zip`; a directory is packed when it is pinned.
        sha256: Hex digest of the bundle, verified on every host before unpacking.
        size_bytes: Length of the bundle.
        appspec_filename: Name of the AppSpec file at the bundle's root.
        hook_timeout_seconds: Sum of the script timeouts of each lifecycle event that has scripts.
    """

    revision: Revision
    label: str
    location: str
    bundle_type: BundleType
    sha256: str
    size_bytes: int
    appspec_filename: str = "appspec.yml"
    hook_timeout_seconds: dict[str, int] = {}

    @property
    def mark(self) -> str:
        """The beginning of the digest: enough to tell a group's revisions apart on 10,000 hosts."""
        return self.sha256[:16]


def pinned_again(pinned: PinnedRevision) -> Revision:
    """Return the revision that deploys exactly what `pinned` is, from the store."""
    if pinned.revision.revision_type is not RevisionType.LOCAL:
        return pinned.revision
    return Revision(
        revision_type=RevisionType.LOCAL,
        local_location=LocalLocation(
            location=pinned.location.removeprefix("file://"),
            bundle_type=pinned.bundle_type,
            sha256=pinned.sha256,
            label=pinned.label,
        ),
    )
