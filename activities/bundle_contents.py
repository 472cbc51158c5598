"""Looking into a bundle before anything is deployed: its AppSpec, its scripts, its members."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from activities.archives import BROKEN, TooMuch
from activities.bundle_members import BundleMembers
from codedeploy.appspec import MOST_BYTES, ServerAppSpec, parse_server, readings
from codedeploy.errors import InvalidRevision, ManifestInvalid
from codedeploy.members import UnsafeMember
from codedeploy.revision import BundleType

APPSPEC_NAMES = ("appspec.yml", "appspec.yaml")


class BundleContents:
    """What a bundle holds, by name; a single top directory is seen through.

    Raises:
        InvalidRevision: It is no archive of its type, is truncated, or has a member that leaves
            the directory it is unpacked into.
    """

    def __init__(self, bundle: Path, bundle_type: BundleType, *, label: str) -> None:
        self._label = label
        self._bundle_type = bundle_type
        with self._damage_in_words():
            self._members = BundleMembers(bundle, is_zip=bundle_type is BundleType.ZIP)

    def appspec(self, named: str | None = None) -> tuple[str, ServerAppSpec]:
        """Return the AppSpec's file name and content; its scripts are in the bundle.

        Args:
            named: What the file is called; None looks for the usual names.

        Raises:
            InvalidRevision: It is missing, breaks rules, or names scripts that are not there.
        """
        names = APPSPEC_NAMES if named is None else (named,)
        filename = next((name for name in names if self._members.has_file(name)), None)
        if filename is None:
            raise InvalidRevision(
                f"{self._label} has no {names[0]} at its root. It has: {self._some_names()}. "
                "Add it, or name another with --appspec-filename."
            )
        try:
            appspec = parse_server(self._text(filename), filename=f"{self._label}/{filename}")
        except ManifestInvalid as error:
            raise InvalidRevision(error.message) from error
        if appspec.os != "linux":
            raise InvalidRevision(
                f"{self._label}/{filename} is for os: {appspec.os}; Rollway's agent runs on linux."
            )
        self._check_scripts(filename, appspec)
        return filename, appspec

    def _check_scripts(self, filename: str, appspec: ServerAppSpec) -> None:
        missing = [
            f"{script.location} ({event})"
            for event, scripts in appspec.hooks.items()
            for script in scripts
            if not self._has_script(script.location)
        ]
        if missing:
            raise InvalidRevision(
                f"{self._label}/{filename} names scripts that are not in the bundle: "
                f"{', '.join(missing)}. Add them, or correct their location."
            )

    def _has_script(self, location: str) -> bool:
        return any(self._members.has_file(str(path)) for path, _ in readings(location))

    def _some_names(self) -> str:
        names = self._members.names
        return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") if names else "no files"

    @contextmanager
    def _damage_in_words(self) -> Iterator[None]:
        try:
            yield
        except UnsafeMember as error:
            raise InvalidRevision(
                f"{self._label}: the member {error.member!r} {error.reason}. "
                "Pack it again without it."
            ) from error
        except TooMuch as error:
            raise InvalidRevision(f"{self._label} {error}. Pack it again.") from error
        except (*BROKEN, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
            raise InvalidRevision(
                f"{self._label} is no {self._bundle_type} archive, or it is damaged ({reason}). "
                "Pack it again."
            ) from error

    def _text(self, filename: str) -> str:
        with self._damage_in_words():
            content = self._members.beginning(filename, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InvalidRevision(f"{self._label}/{filename} is over a megabyte: no AppSpec is.")
        return content.decode(errors="replace")
