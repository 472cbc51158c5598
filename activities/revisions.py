"""Pinning revisions: what is deployed is fetched once, checked, and named by its digest."""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from temporalio import activity

from activities.backends.file_store import FileStore, Received, TooLarge, sha256_of
from activities.backends.pin_records import PinRecord, PinRecords
from activities.bundle_contents import BundleContents
from activities.heartbeats import heartbeats
from activities.origins import Origin, no_bundle, origin_of
from activities.sources.github import GitHub
from activities.sources.source import Patience, read_steadily
from activities.translation import final
from codedeploy.errors import InvalidRevision, RollwayError
from codedeploy.revision import (
    APPSPEC_SUFFIXES,
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
)

LARGEST_BUNDLE = 10 << 30


class Revisions:
    """Looks into revisions, and keeps in the store what hosts cannot fetch by themselves.

    Args:
        store: Where hosts find local revisions, and commits of GitHub.
        github: None is configured by the environment of the process.
        patience: With sources that fail.
        largest_bundle: In bytes; more is refused.
    """

    def __init__(
        self,
        store: FileStore,
        *,
        github: GitHub | None = None,
        patience: Patience | None = None,
        largest_bundle: int = LARGEST_BUNDLE,
    ) -> None:
        self._store = store
        self._records = PinRecords(store.root / "pins")
        self._github = github or GitHub.of(os.environ)
        self._patience = patience or Patience()
        self._largest_bundle = largest_bundle

    @activity.defn
    def pin(self, revision: Revision) -> PinnedRevision:
        """Return `revision` with its digest and its AppSpec's timeouts.

        A second call with the same content gives the same bundle, and does not read it again if
        its source vouches for it.
        """
        try:
            with heartbeats():
                return self._pin(revision)
        except RollwayError as error:
            raise final(error) from error

    def _pin(self, revision: Revision) -> PinnedRevision:
        if revision.local_location is not None:
            return self._pin_local(revision, revision.local_location)
        origin = origin_of(revision, github=self._github, patience=self._patience)
        return self._pin_remote(origin)

    def _pin_remote(self, origin: Origin) -> PinnedRevision:
        origin = replace(origin, identity=_identity(origin))
        record = self._known(origin) or self._fetched(origin)
        place = self._store.place_of(record.sha256, origin.bundle_type)
        return _pinned(
            origin.revision_with(record.sha256),
            record,
            bundle_type=origin.bundle_type,
            location=origin.location or place.as_uri(),
        )

    def _known(self, origin: Origin) -> PinRecord | None:
        """Return what was found in the bundle before, unless the store has lost it."""
        record = self._records.find(origin.identity) if origin.identity else None
        if record is None or origin.location is not None:
            return record
        is_kept = self._store.place_of(record.sha256, origin.bundle_type).exists()
        return record if is_kept else None

    def _fetched(self, origin: Origin) -> PinRecord:
        """Read the bundle, look into it, and remember what was found."""
        chunks = read_steadily(origin.source, 0, origin.size, patience=self._patience)
        try:
            with (
                closing(chunks),
                self._store.received(chunks, at_most=self._largest_bundle) as bundle,
            ):
                record = _looked_into(bundle, origin)
                if origin.location is None:
                    self._store.keep(bundle, origin.bundle_type)
                if origin.identity is not None:
                    self._records.remember(origin.identity, record)
        except TooLarge as error:
            raise InvalidRevision(
                f"{origin.source.shown} is larger than {self._largest_bundle} bytes, the most that "
                "is taken. Make the bundle smaller."
            ) from error
        except OSError as error:
            raise InvalidRevision(f"{origin.source.shown} cannot be kept: {error}") from error
        return record

    def _pin_local(self, revision: Revision, asked: LocalLocation) -> PinnedRevision:
        bundle, digest, bundle_type = self._stored(asked, revision.label)
        record = _record(bundle, digest, bundle_type=bundle_type, revision=revision)
        return _pinned(revision, record, bundle_type=bundle_type, location=bundle.as_uri())

    def _stored(self, local: LocalLocation, label: str) -> tuple[Path, str, BundleType]:
        source = Path(local.location)
        if not source.is_absolute():
            raise InvalidRevision(f"{local.location!r} is not an absolute path.")
        if local.bundle_type in APPSPEC_SUFFIXES.values():
            raise no_bundle(label)
        if local.bundle_type is BundleType.DIRECTORY:
            return self._packed(source)
        if not source.is_file():
            raise InvalidRevision(f"{source} is not a file that the worker can read.")
        if local.sha256 is not None and sha256_of(source) != local.sha256:
            raise InvalidRevision(
                f"{source} is no longer the {label} that was registered: its sha256 differs. "
                "Push it again with: rollway push"
            )
        try:
            bundle, digest = self._store.add(source, local.bundle_type)
        except OSError as error:
            raise InvalidRevision(f"{source} cannot be kept: {error}") from error
        return bundle, digest, local.bundle_type

    def _packed(self, source: Path) -> tuple[Path, str, BundleType]:
        if not source.is_dir():
            raise InvalidRevision(f"{source} is not a directory that the worker can read.")
        try:
            bundle, digest = self._store.pack(source)
        except OSError as error:
            raise InvalidRevision(f"{source} cannot be packed: {error}") from error
        return bundle, digest, BundleType.TGZ


def _looked_into(bundle: Received, origin: Origin) -> PinRecord:
    if origin.sha256 not in (None, bundle.sha256):
        raise InvalidRevision(
            f"{origin.source.shown} is not the bundle that was asked for: expected sha256 "
            f"{origin.sha256}, found {bundle.sha256}. Correct the address or the digest."
        )
    return _record(
        bundle.path, bundle.sha256, bundle_type=origin.bundle_type, revision=origin.revision
    )


def _identity(origin: Origin) -> str | None:
    """Return what identifies a bundle as it is read: another AppSpec file says other things."""
    named = origin.revision.appspec_filename
    return f"{origin.identity} {named}" if origin.identity and named else origin.identity


def _record(bundle: Path, sha256: str, *, bundle_type: BundleType, revision: Revision) -> PinRecord:
    contents = BundleContents(bundle, bundle_type, label=revision.label)
    filename, appspec = contents.appspec(revision.appspec_filename)
    return PinRecord(
        sha256=sha256,
        size_bytes=bundle.stat().st_size,
        appspec_filename=filename,
        hook_timeout_seconds={
            event.value: appspec.timeout_seconds(event) for event in appspec.hooks
        },
    )


def _pinned(
    revision: Revision, record: PinRecord, *, bundle_type: BundleType, location: str
) -> PinnedRevision:
    return PinnedRevision(
        revision=revision,
        label=revision.label,
        location=location,
        bundle_type=bundle_type,
        **record.model_dump(),
    )
