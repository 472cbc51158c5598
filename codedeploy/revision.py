"""Revisions: what is deployed, as the user names it and as it is pinned before anything starts."""

import re
from enum import StrEnum
from pathlib import PurePath
from typing import Self

from pydantic import field_validator, model_validator

from codedeploy.web_address import problem_of_address, without_secrets
from codedeploy.wire import Model, Sayable


class RevisionType(StrEnum):
    """How a revision's content is found.

    Differs from AWS: `Local` names a file or directory beside the worker; CodeDeploy's agent knows
    it only in `codedeploy-local`. `Https` names an archive on any web server; CodeDeploy has none.
    """

    S3 = "S3"
    GITHUB = "GitHub"
    STRING = "String"
    APP_SPEC_CONTENT = "AppSpecContent"
    LOCAL = "Local"
    HTTPS = "Https"


class BundleType(StrEnum):
    """The form of a bundle."""

    TAR = "tar"
    TGZ = "tgz"
    ZIP = "zip"
    YAML = "YAML"
    JSON = "JSON"
    DIRECTORY = "directory"


SUFFIXES = {
    ".tar.gz": BundleType.TGZ,
    ".tgz": BundleType.TGZ,
    ".tar": BundleType.TAR,
    ".zip": BundleType.ZIP,
}
"""The form of an archive by the end of its name."""

APPSPEC_SUFFIXES = {
    ".yml": BundleType.YAML,
    ".yaml": BundleType.YAML,
    ".json": BundleType.JSON,
}
"""The form of an AppSpec file alone, by the end of its name."""

LARGEST_APPSPEC = 100 * 1024
"""Bytes of an AppSpec file that is the whole revision."""


def bundle_type_of(name: str | PurePath) -> BundleType | None:
    """Return the form of an archive by its name, in any case."""
    return _form_of(name, SUFFIXES)


def appspec_type_of(name: str | PurePath) -> BundleType | None:
    """Return the form of an AppSpec file alone by its name, in any case."""
    return _form_of(name, APPSPEC_SUFFIXES)


def _form_of(name: str | PurePath, forms: dict[str, BundleType]) -> BundleType | None:
    lowered = str(name).lower()
    return next((form for suffix, form in forms.items() if lowered.endswith(suffix)), None)


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


_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")


def problem_of_commit(commit_id: str) -> str:
    """Return why `commit_id` cannot be deployed, or an empty string.

    Differs from AWS: CodeDeploy passes any name on, and each host fetches what it means just then.
    """
    if _COMMIT.fullmatch(commit_id):
        return ""
    return (
        f"{commit_id!r} is no commit id: expected 7 to 40 hexadecimal digits. A branch or a tag "
        "can move, and then hosts would differ. Ask git for the commit: git rev-parse "
        f"{commit_id}"
    )


class AppSpecContent(Model):
    """The text of an AppSpec file (Lambda and ECS).

    Attributes:
        label: Its name for people; None has none.
    """

    content: str | None = None
    sha256: str | None = None
    label: str | None = None


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


class HttpsLocation(Model):
    """An archive on a web server.

    Attributes:
        url: It may hold no secret; plain http is for the worker's own machine only.
        bundle_type: None goes by the end of the path.
        sha256: What the archive must hash to; None takes it as it is.
    """

    url: str
    bundle_type: BundleType | None = None
    sha256: str | None = None

    @field_validator("url")
    @classmethod
    def _may_be_fetched(cls, url: str) -> str:
        if problem := problem_of_address(url):
            raise ValueError(f"nothing is fetched from {without_secrets(url)}: {problem}")
        return url


_LOCATION_OF = {
    RevisionType.S3: "s3_location",
    RevisionType.GITHUB: "git_hub_location",
    RevisionType.STRING: "string",
    RevisionType.APP_SPEC_CONTENT: "app_spec_content",
    RevisionType.LOCAL: "local_location",
    RevisionType.HTTPS: "https_location",
}


def problem_of_appspec_filename(name: str) -> str:
    """Return why the AppSpec file of a bundle cannot be called so, or an empty string."""
    if name and "/" not in name and name.isprintable() and name not in (".", ".."):
        return ""
    return f"{name!r} is no file name; the AppSpec file must be at the bundle's root"


class Revision(Model):
    """What a person asks to deploy: exactly one location, of the kind `revision_type` names.

    Attributes:
        appspec_filename: Name of the AppSpec file at the bundle's root; None looks for
            `appspec.yml`, then `appspec.yaml`.

    Differs from AWS: CodeDeploy's agent knows other names, but its API has no member for them.

    Source: CodeDeploy API Reference, RevisionLocation.
    """

    revision_type: RevisionType
    appspec_filename: str | None = None
    s3_location: S3Location | None = None
    git_hub_location: GitHubLocation | None = None
    string: AppSpecContent | None = None
    app_spec_content: AppSpecContent | None = None
    local_location: LocalLocation | None = None
    https_location: HttpsLocation | None = None

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
        if self.https_location is not None:
            return without_secrets(self.https_location.url)
        text = self.app_spec_content or self.string
        return (text.label if text else None) or "AppSpec content"

    @field_validator("appspec_filename")
    @classmethod
    def _is_a_file_name(cls, name: str | None) -> str | None:
        if name is not None and (problem := problem_of_appspec_filename(name)):
            raise ValueError(problem)
        return name

    @model_validator(mode="after")
    def _has_its_location(self) -> Self:
        if getattr(self, _LOCATION_OF[self.revision_type]) is None:
            member = type(self).model_fields[_LOCATION_OF[self.revision_type]].alias
            raise ValueError(f"revisionType {self.revision_type} needs {member}")
        return self


class PinnedRevision(Model):
    """A revision whose content can no longer change under us.

    Attributes:
        revision: As it was asked for, and what was found out since: an object's version and eTag, a
            commit's whole id, a digest. Pinning it again gives the same bundle.
        label: Short name for people: `v2`, `shop-1.4.tgz`, `s3://bucket/key`.
        location: Where agents fetch the bundle: `file:///...` of the content-addressed store,
            `s3://bucket/key?versionId=...&etag=...`, or `https://...`.
        bundle_type: `tar`, `tgz` or `zip`, and a directory is packed when it is pinned; `YAML` or
            `JSON` for an AppSpec file alone, which is kept in the store.
        sha256: Hex digest of the bundle, verified on every host before unpacking.
        size_bytes: Length of the bundle.
        appspec_filename: Name of the AppSpec file at the bundle's root.
        hook_timeout_seconds: Sum of the script timeouts of each lifecycle event that has scripts.
    """

    revision: Revision
    label: Sayable
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
    kept = (RevisionType.LOCAL, RevisionType.APP_SPEC_CONTENT, RevisionType.STRING)
    if pinned.revision.revision_type not in kept:
        return pinned.revision
    return Revision(
        revision_type=RevisionType.LOCAL,
        appspec_filename=pinned.revision.appspec_filename,
        local_location=LocalLocation(
            location=pinned.location.removeprefix("file://"),
            bundle_type=pinned.bundle_type,
            sha256=pinned.sha256,
            label=pinned.label,
        ),
    )
