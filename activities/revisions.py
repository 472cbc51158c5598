"""Pinning revisions: what is deployed is fetched once, checked, and named by its digest."""

from pathlib import Path

from temporalio import activity

from activities.backends.file_store import FileStore, sha256_of
from activities.bundle_contents import BundleContents
from activities.translation import final
from codedeploy.errors import InvalidRevision, RollwayError, UnsupportedOperation
from codedeploy.revision import BundleType, LocalLocation, PinnedRevision, Revision, RevisionType


class Revisions:
    """Fetches revisions into the store and looks into them."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    @activity.defn
    def pin(self, revision: Revision) -> PinnedRevision:
        """Return `revision` with its digest and its AppSpec's timeouts.

        A second call with the same content gives the same bundle.
        """
        try:
            return self._pin(revision)
        except RollwayError as error:
            raise final(error) from error

    def _pin(self, revision: Revision) -> PinnedRevision:
        if revision.revision_type is not RevisionType.LOCAL or revision.local_location is None:
            raise UnsupportedOperation(
                f"{revision.label}: revisions of type {revision.revision_type} cannot be deployed "
                "to servers yet. Name a local directory or archive."
            )
        bundle, digest, bundle_type = self._stored(revision.local_location, revision.label)
        filename, appspec = BundleContents(bundle, bundle_type, label=revision.label).appspec()
        return PinnedRevision(
            revision=revision,
            label=revision.label,
            location=bundle.as_uri(),
            bundle_type=bundle_type,
            sha256=digest,
            size_bytes=bundle.stat().st_size,
            appspec_filename=filename,
            hook_timeout_seconds={
                event.value: appspec.timeout_seconds(event) for event in appspec.hooks
            },
        )

    def _stored(self, local: LocalLocation, label: str) -> tuple[Path, str, BundleType]:
        source = Path(local.location)
        if not source.is_absolute():
            raise InvalidRevision(f"{local.location!r} is not an absolute path.")
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
