"""Looking into a bundle before anything is deployed: its AppSpec, its scripts, its members."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from activities.archives import BROKEN, TooMuch, opened_zip, tar_members
from codedeploy.appspec import MOST_BYTES, ServerAppSpec, parse_server
from codedeploy.errors import InvalidRevision, ManifestInvalid
from codedeploy.members import problem_of
from codedeploy.revision import BundleType

APPSPEC_NAMES = ("appspec.yml", "appspec.yaml")


class BundleContents:
    """What a bundle holds, by name; a single top directory is seen through.

    Raises:
        InvalidRevision: It is no archive of its type, is truncated, or has a member that leaves
            the directory it is unpacked into.
    """

    def __init__(self, bundle: Path, bundle_type: BundleType, *, label: str) -> None:
        self._bundle = bundle
        self._label = label
        self._is_zip = bundle_type is BundleType.ZIP
        self._bundle_type = bundle_type
        with self._damage_in_words():
            members = self._zip_members() if self._is_zip else self._tar_members()
        self._prefix = _top_directory(members)
        self.files = frozenset(
            name.removeprefix(self._prefix) for name, is_file in members.items() if is_file
        )

    def appspec(self) -> tuple[str, ServerAppSpec]:
        """Return the AppSpec's file name and content; its scripts are in the bundle.

        Raises:
            InvalidRevision: It is missing, breaks rules, or names scripts that are not there.
        """
        filename = next((name for name in APPSPEC_NAMES if name in self.files), None)
        if filename is None:
            raise InvalidRevision(
                f"{self._label} has no appspec.yml at its root. It has: {self._some_names()}."
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
        """Whether the script is there, with or without arguments behind its name."""
        path = location.replace("\\", "/").lstrip("/")
        candidates = (path, path.split(" ")[0])
        return any(str(PurePosixPath(candidate)) in self.files for candidate in candidates)

    def _some_names(self) -> str:
        names = sorted(self.files)
        return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") if names else "no files"

    @contextmanager
    def _damage_in_words(self) -> Iterator[None]:
        try:
            yield
        except TooMuch as error:
            raise InvalidRevision(f"{self._label} {error}. Pack it again.") from error
        except (*BROKEN, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
            raise InvalidRevision(
                f"{self._label} is no {self._bundle_type} archive, or it is damaged ({reason}). "
                "Pack it again."
            ) from error

    def _text(self, filename: str) -> str:
        name = self._prefix + filename
        with self._damage_in_words():
            content = self._zip_content(name) if self._is_zip else self._tar_content(name)
        if len(content) > MOST_BYTES:
            raise InvalidRevision(f"{self._label}/{filename} is over a megabyte: no AppSpec is.")
        return content.decode(errors="replace")

    def _zip_content(self, name: str) -> bytes:
        with opened_zip(self._bundle) as archive, archive.open(name) as stream:
            return stream.read(MOST_BYTES + 1)

    def _tar_content(self, name: str) -> bytes:
        for archive, member in tar_members(self._bundle):
            if _clean(member.name) == name and member.isfile():
                stream = archive.extractfile(member)
                assert stream is not None
                return stream.read(MOST_BYTES + 1)
        raise AssertionError(f"{name} was listed and is gone")

    def _tar_members(self) -> dict[str, bool]:
        members = {}
        for _, member in tar_members(self._bundle):
            link = member.linkname if member.issym() or member.islnk() else None
            self._check(member.name, link, is_hard_link=member.islnk())
            members[_clean(member.name)] = not member.isdir()
        return members

    def _zip_members(self) -> dict[str, bool]:
        members = {}
        with opened_zip(self._bundle) as archive:
            for info in archive.infolist():
                self._check(info.filename, None, is_hard_link=False)
                members[_clean(info.filename)] = not info.is_dir()
        return members

    def _check(self, name: str, link_target: str | None, *, is_hard_link: bool) -> None:
        problem = problem_of(name, link_target=link_target, is_hard_link=is_hard_link)
        if problem:
            raise InvalidRevision(f"{self._label}: {problem}. It is refused.")


def _clean(name: str) -> str:
    return str(PurePosixPath(name.replace("\\", "/")))


def _top_directory(members: dict[str, bool]) -> str:
    """Return `name/` if the archive holds exactly one directory, else an empty string."""
    tops = {name.split("/")[0] for name in members if name != "."}
    if len(tops) != 1:
        return ""
    top = tops.pop()
    return "" if members.get(top, False) else f"{top}/"
