"""The `hooks` section of an AppSpec file for servers: scripts of lifecycle events.

Source: CodeDeploy User Guide, AppSpec 'hooks' section.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from codedeploy.appspec.paths import bundle_path, leaves_bundle
from codedeploy.appspec.permissions import account
from codedeploy.appspec.section import Section, items_of
from codedeploy.document import Findings, Node, did_you_mean
from codedeploy.lifecycle import RESERVED, SERVER_HOOKS, LifecycleEvent
from codedeploy.wire import Model

MOST_EVENT_SECONDS = 3600
_KEYS = ("location", "timeout", "runas", "sudo")
_ALLOWED = (*SERVER_HOOKS, LifecycleEvent.DEPLOYMENT_FAILED)
_SECONDS = re.compile(r"[1-9][0-9]{0,6}")


class Script(Model):
    """One script of a lifecycle event.

    Attributes:
        location: As the AppSpec spells it, below the bundle's root.
        timeout_seconds: When it is stopped, and its event fails.
        runas: The account it runs as; None is the agent's.
        sudo: Whether it runs through sudo.
    """

    location: str
    timeout_seconds: int = MOST_EVENT_SECONDS
    runas: str | None = None
    sudo: bool = False


def readings(location: str) -> Iterator[tuple[PurePosixPath, tuple[str, ...]]]:
    """Yield what a location can mean, the likeliest first: a path in the bundle, and arguments.

    Differs from AWS: a location may carry arguments, and blanks: if no file has the literal name,
    it is split as a shell would.
    """
    for path, *arguments in ([location.strip()], _words(location)):
        if not leaves_bundle(path, is_windows=False):
            yield bundle_path(path), tuple(arguments)


def _words(location: str) -> list[str]:
    try:
        return shlex.split(location) or [location]
    except ValueError:
        return [location]


Hooks = dict[str, tuple[Script, ...]]


def read_hooks(root: Section, *, is_windows: bool, custom_events: Collection[str] = ()) -> Hooks:
    """Return the scripts of each event that has any; what is wrong becomes a finding.

    Args:
        root: The AppSpec.
        is_windows: Whose rules count.
        custom_events: Names that are allowed besides those of lifecycle events.
    """
    hooks = root.get("hooks")
    if hooks is None:
        return {}
    if not isinstance(hooks.value, dict):
        hint = "write the event's name as a key: BeforeInstall:"
        root.findings.expected(hooks, "a map from lifecycle events to scripts", hint=hint)
        return {}
    allowed = (*_ALLOWED, *custom_events)
    return {
        name: _scripts(node, root.findings, is_windows=is_windows)
        for name, node in hooks.value.items()
        if _may_have_scripts(name, node, root.findings, allowed) and node.value is not None
    }


def _may_have_scripts(
    name: str, node: Node, findings: Findings, names_allowed: Sequence[str]
) -> bool:
    """Return whether scripts may be attached to the event `name`.

    Differs from AWS: CodeDeploy's agent ignores unknown and reserved names, and their scripts;
    `DeploymentFailed` is an extension.
    """
    if name in names_allowed:
        return True
    allowed = ", ".join(names_allowed)
    if name in RESERVED:
        findings.problem(node, f"{name} is reserved and runs no scripts; allowed: {allowed}")
    else:
        meant = did_you_mean(name, names_allowed)
        findings.problem(node, f"no lifecycle event of a server{meant}; allowed: {allowed}")
    return False


def _scripts(node: Node, findings: Findings, *, is_windows: bool) -> tuple[Script, ...]:
    items = items_of(node, findings, of="scripts", hint="write: - location: ...")
    sections = [Section.of(item, findings, keys=_KEYS) for item in items]
    limits = [None if section is None else _seconds(section) for section in sections]
    _check_total(node, findings, sum(seconds or 0 for seconds in limits))
    return tuple(
        _script(section, seconds or MOST_EVENT_SECONDS, is_windows=is_windows)
        for section, seconds in zip(sections, limits, strict=True)
        if section is not None
    )


def _check_total(node: Node, findings: Findings, seconds: int) -> None:
    """Note an event whose scripts ask for more time than an event has.

    Scripts without a timeout do not count: CodeDeploy takes any number of them.
    """
    if seconds > MOST_EVENT_SECONDS:
        findings.problem(
            node,
            f"expected timeouts of at most {MOST_EVENT_SECONDS} seconds in one event, found "
            f"{seconds} in all",
        )


def _script(section: Section, seconds: int, *, is_windows: bool) -> Script:
    if is_windows:
        _warn_of_unused(section)
    return Script(
        location=_location(section, is_windows=is_windows),
        timeout_seconds=seconds,
        runas=account(section, "runas"),
        sudo=_sudo(section),
    )


def _location(section: Section, *, is_windows: bool) -> str:
    location = section.required_text("location")
    entry = section.get("location")
    if entry is not None and location:
        if leaves_bundle(location, is_windows=is_windows):
            section.findings.expected(entry, "a script inside the bundle")
        elif bundle_path(location) == PurePosixPath():
            section.findings.expected(entry, "the path of a script")
    return location


def _seconds(section: Section) -> int | None:
    """Return the script's own timeout, or None if it has none."""
    entry = section.get("timeout")
    if entry is None:
        return None
    is_whole = isinstance(entry.value, int | str) and _SECONDS.fullmatch(entry.written.strip())
    if not is_whole:
        section.findings.expected(entry, "a whole number of seconds, 1 or more")
        return None
    return int(entry.written)


def _sudo(section: Section) -> bool:
    """Return whether sudo is asked for.

    Differs from AWS: the agent takes the text "false" for true; here it is an error.
    """
    entry = section.get("sudo")
    if entry is None:
        return False
    if not isinstance(entry.value, bool):
        section.findings.expected(entry, "true or false, without quotes")
    return entry.value is True


def _warn_of_unused(section: Section) -> None:
    for key in ("runas", "sudo"):
        entry = section.get(key)
        if entry is not None:
            section.findings.warning(entry, "has no effect on windows")
