"""Pinning AppSpec files: for a Lambda function or an ECS service the file is the whole revision."""

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from temporalio import activity

from activities.backends.file_store import FileStore, Received, TooLarge
from activities.heartbeats import heartbeats
from activities.origins import appspec_form, appspec_origin_of, no_bundle
from activities.sources.source import Bytes, Patience, read_steadily
from activities.translation import final
from codedeploy.application import ComputePlatform
from codedeploy.appspec import EcsAppSpec, LambdaAppSpec, parse
from codedeploy.errors import InvalidRevision, ManifestInvalid, RollwayError
from codedeploy.revision import (
    APPSPEC_SUFFIXES,
    LARGEST_APPSPEC,
    AppSpecContent,
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
)
from codedeploy.traffic_plan import AppSpecQuestion, PinnedAppSpec, label_of

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class _File:
    """An AppSpec file that is about to be read.

    Attributes:
        revision: With everything that was found out about it.
        sha256: What it must hash to; None takes it as it is.
    """

    revision: Revision
    form: BundleType
    chunks: Bytes
    sha256: str | None = None


class AppSpecs:
    """Reads AppSpec files, and keeps their text so that it can be deployed again.

    Args:
        store: Where the text is kept, by its digest.
        patience: With sources that fail.
    """

    def __init__(self, store: FileStore, *, patience: Patience | None = None) -> None:
        self._store = store
        self._patience = patience or Patience()

    @activity.defn(name="pin_appspec")
    def pin(self, question: AppSpecQuestion) -> PinnedAppSpec:
        """Return the AppSpec file, read by the rules of its platform, with its digest.

        A second call with the same content gives the same answer.
        """
        try:
            with heartbeats():
                return self._pin(question.revision, question.platform)
        except RollwayError as error:
            raise final(error) from error

    def _pin(self, revision: Revision, platform: ComputePlatform) -> PinnedAppSpec:
        file = self._found(revision)
        try:
            with (
                closing(file.chunks),
                self._store.received(file.chunks, at_most=LARGEST_APPSPEC) as received,
            ):
                _check_digest(file, received.sha256)
                appspec = _parsed(received.path, platform, filename=revision.label)
                return self._kept(file, received, appspec)
        except TooLarge as error:
            raise InvalidRevision(
                f"{revision.label} is larger than {LARGEST_APPSPEC // 1024} KB, the most that an "
                "AppSpec file may have."
            ) from error
        except OSError as error:
            raise InvalidRevision(f"{revision.label} cannot be kept: {error}") from error

    def _kept(
        self, file: _File, received: Received, appspec: LambdaAppSpec | EcsAppSpec
    ) -> PinnedAppSpec:
        place = self._store.keep(received, file.form)
        pinned = PinnedRevision(
            revision=_exact(file.revision, received.sha256),
            label=label_of(appspec),
            location=place.as_uri(),
            bundle_type=file.form,
            sha256=received.sha256,
            size_bytes=received.size_bytes,
        )
        if isinstance(appspec, LambdaAppSpec):
            return PinnedAppSpec(pinned=pinned, lambda_=appspec)
        return PinnedAppSpec(pinned=pinned, ecs=appspec)

    # --- where it is

    def _found(self, revision: Revision) -> _File:
        if revision.appspec_filename is not None:
            raise InvalidRevision(
                f"{revision.label} is an AppSpec file alone, in which there is no "
                f"{revision.appspec_filename} to look for: leave --appspec-filename out."
            )
        text = revision.app_spec_content or revision.string
        if text is not None:
            return self._inline(revision, text)
        if revision.local_location is not None:
            return _local(revision, revision.local_location)
        origin = appspec_origin_of(revision, patience=self._patience)
        return _File(
            revision=origin.revision,
            form=origin.bundle_type,
            chunks=read_steadily(origin.source, 0, origin.size, patience=self._patience),
            sha256=origin.sha256,
        )

    def _inline(self, revision: Revision, text: AppSpecContent) -> _File:
        content = self._remembered(text) if text.content is None else text.content.encode()
        if content is None:
            raise InvalidRevision(
                f"{revision.label} has no content, and none of its sha256 was ever deployed here. "
                "Send the text of the AppSpec file."
            )
        is_json = content.lstrip().startswith(b"{")
        form = BundleType.JSON if is_json else BundleType.YAML
        return _File(revision, form, _chunks(content), _lowered(text.sha256))

    def _remembered(self, text: AppSpecContent) -> bytes | None:
        """Return the text that was kept under the digest: what is deployed is told without it."""
        digest = _lowered(text.sha256) or ""
        if not _DIGEST.fullmatch(digest):
            return None
        places = (self._store.place_of(digest, form) for form in set(APPSPEC_SUFFIXES.values()))
        return next((place.read_bytes() for place in places if place.is_file()), None)


def _local(revision: Revision, local: LocalLocation) -> _File:
    path = Path(local.location)
    form = appspec_form(local.bundle_type, path.name, revision.label)
    if not path.is_absolute():
        raise InvalidRevision(f"{local.location!r} is not an absolute path.")
    if not path.is_file():
        raise InvalidRevision(f"{path} is not a file that the worker can read.")
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_APPSPEC + 1)
    except OSError as error:
        raise InvalidRevision(f"{path} cannot be read: {error.strerror or error}.") from error
    return _File(revision, form, _chunks(content), _lowered(local.sha256))


def _chunks(content: bytes) -> Bytes:
    yield content


def _lowered(digest: str | None) -> str | None:
    return digest.lower() if digest else None


def _check_digest(file: _File, found: str) -> None:
    if file.sha256 not in (None, found):
        raise InvalidRevision(
            f"{file.revision.label} is not the AppSpec file that was asked for: expected sha256 "
            f"{file.sha256}, found {found}. Correct the digest, or deploy the file as it is now."
        )


def _parsed(path: Path, platform: ComputePlatform, *, filename: str) -> LambdaAppSpec | EcsAppSpec:
    try:
        appspec = parse(path.read_text("utf-8-sig"), platform, filename=filename)
    except ManifestInvalid as error:
        raise InvalidRevision(error.message) from error
    except UnicodeDecodeError as error:
        raise InvalidRevision(f"{filename} is no text in UTF-8 (byte {error.start}).") from error
    if not isinstance(appspec, LambdaAppSpec | EcsAppSpec):
        raise no_bundle(filename)
    return appspec


def _exact(revision: Revision, sha256: str) -> Revision:
    """Return `revision` with its digest where it has a place for that, and without its text.

    Source: CodeDeploy API Reference, RawString: a deployment is told without the content.
    """
    if revision.https_location is not None:
        exact = revision.https_location.model_copy(update={"sha256": sha256})
        return revision.model_copy(update={"https_location": exact})
    told = {"content": None, "sha256": sha256}
    members = {
        name: text.model_copy(update=told)
        for name in ("app_spec_content", "string")
        if (text := getattr(revision, name)) is not None
    }
    return revision.model_copy(update=members)
