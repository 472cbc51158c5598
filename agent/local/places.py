"""The paths that a local deployment is given, each judged before anything is done.

Every function raises `InvalidInput` for a path that cannot be right.
"""

import stat
from pathlib import Path

from codedeploy.document import Findings, read_one
from codedeploy.errors import InvalidInput
from codedeploy.revision import BundleType

_ROOT_KEYS = (":root_dir", "root_dir")


def bundle_at(location: str, bundle_type: BundleType) -> Path:
    """Return the absolute path of a bundle that is there and of its type."""
    path = absolute(location)
    mode = _mode(path)
    if mode is None:
        raise InvalidInput(f"There is no bundle {path}. Name one with --bundle-location.")
    wants_directory = bundle_type is BundleType.DIRECTORY
    if wants_directory and not stat.S_ISDIR(mode):
        raise InvalidInput(f"{path} is no directory. Say what it is with --type zip, tar or tgz.")
    if not wants_directory and not stat.S_ISREG(mode):
        raise InvalidInput(f"{path} is no {bundle_type} archive. Say what it is with --type.")
    return path


def absolute(path: str) -> Path:
    """Return where a path, as seen from the current directory, leads."""
    if not path or "\0" in path:
        raise InvalidInput(f"{path!r} is no path.")
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError) as error:
        raise InvalidInput(f"{path!r} leads nowhere: {error}") from error


def directory_at(path: str, flag: str) -> Path:
    """Return the absolute path of a directory, which need not exist yet."""
    found = absolute(path)
    mode = _mode(found)
    if mode is not None and not stat.S_ISDIR(mode):
        raise InvalidInput(f"{flag}: {found} is no directory.")
    return found


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be used: {error.strerror}.") from error


def root_dir(path: Path) -> str:
    """Return the `:root_dir:` of a configuration file of CodeDeploy's own agent."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    findings = Findings(str(path))
    root = read_one(text, findings)
    findings.refuse()
    entries = root.value if isinstance(root.value, dict) else {}
    found = next((entries[key] for key in _ROOT_KEYS if key in entries), None)
    if found is None or not isinstance(found.value, str) or not found.value:
        raise InvalidInput(f"{path} names no :root_dir:. Add it, or use --root instead.")
    return found.value
