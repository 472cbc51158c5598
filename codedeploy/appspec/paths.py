"""Where an AppSpec may point: inside its bundle for what it reads, anywhere absolute for the rest.

Differs from AWS: CodeDeploy's agent lets a source or script leave the bundle through `..`.
"""

import re
from pathlib import PurePosixPath

_SEPARATORS = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")
_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[/\\]|\\\\[^\\]")


def bundle_path(written: str) -> PurePosixPath:
    """Return a source or location as a path below the bundle's root, `.` being the root itself.

    A leading slash or backslash means the bundle's root.
    """
    kept: list[str] = []
    for part in PurePosixPath(written.lstrip("/\\")).parts:
        if part == "..":
            kept = kept[:-1]
        else:
            kept.append(part)
    return PurePosixPath(*kept)


def leaves_bundle(written: str, *, is_windows: bool) -> bool:
    """Whether a source or location points outside its bundle.

    Both separators count on every system, so that no reading of the path is an escape.
    """
    if is_windows and _DRIVE.match(written.lstrip("/\\")):
        return True
    return any(_climbs_out(re.split(separator, written)) for separator in ("/", _SEPARATORS))


def _climbs_out(parts: list[str]) -> bool:
    depth = 0
    for part in parts:
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def is_absolute(path: str, *, is_windows: bool) -> bool:
    """Whether `path` is absolute on the system that the AppSpec is for."""
    if is_windows:
        return _WINDOWS_ABSOLUTE.match(path) is not None
    return path.startswith("/")
