"""Which events a local deployment runs, and in which order.

Source: CodeDeploy User Guide, Use the CodeDeploy agent to validate a deployment package on a local
machine (`--events`).
"""

import re
from collections.abc import Sequence

from codedeploy.errors import InvalidInput
from codedeploy.lifecycle import IGNORABLE, SERVER_HOOKS, LifecycleEvent, in_place_flow

_DOWNLOAD, _INSTALL = LifecycleEvent.DOWNLOAD_BUNDLE, LifecycleEvent.INSTALL

DEFAULT_EVENTS: tuple[str, ...] = tuple(
    event
    for event in in_place_flow(with_traffic_control=True)
    if event in (*SERVER_HOOKS, _DOWNLOAD, _INSTALL)
)
"""All events that a host has a part in."""

_OF_THE_OLD_REVISION = IGNORABLE
_BEFORE_INSTALL = {*_OF_THE_OLD_REVISION, _DOWNLOAD, LifecycleEvent.BEFORE_INSTALL}
_KNOWN = frozenset(LifecycleEvent)
_BY_FOLDED = {name.casefold(): name for name in _KNOWN}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def read_events(text: str) -> tuple[str, ...]:
    """Return the events that a comma-separated list asks for, and what they need before them.

    `DownloadBundle` comes first if it is not named, and `Install` follows it if that is not named.

    Raises:
        InvalidInput: A name is wrong, or stands where it cannot be run.

    Differs from AWS: a name is not run twice, and custom events do not come before the revision
    that has their scripts.
    """
    events = tuple(name.strip() for name in text.split(","))
    for name in events:
        _check_name(name)
        if events.count(name) > 1:
            raise InvalidInput(f"The event {name} is named twice; name it once.")
    _check_order(events)
    return _with_required(events)


def custom_events(events: Sequence[str]) -> tuple[str, ...]:
    """Return those of `events` that are no lifecycle events of CodeDeploy's."""
    return tuple(event for event in events if event not in _KNOWN)


def _check_name(name: str) -> None:
    if name in DEFAULT_EVENTS:
        return
    if name in _KNOWN:
        raise InvalidInput(f"{name} cannot be asked for, because no host begins it by itself.")
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name of an event; expected a letter and then letters, digits or '_', "
            "with commas between names."
        )
    if meant := _BY_FOLDED.get(name.casefold()):
        raise InvalidInput(f"There is no event {name}; did you mean {meant}?")


def _check_order(events: tuple[str, ...]) -> None:
    before_install = {*_BEFORE_INSTALL, *custom_events(events)}
    for limit, allowed in ((_DOWNLOAD, _OF_THE_OLD_REVISION), (_INSTALL, before_install)):
        earlier = events[: events.index(limit)] if limit in events else ()
        for name in earlier:
            if name not in allowed:
                raise InvalidInput(
                    f"{name} cannot come before {limit}; only these can: "
                    f"{', '.join(event for event in DEFAULT_EVENTS if event in allowed)}."
                )


def _with_required(events: tuple[str, ...]) -> tuple[str, ...]:
    if _DOWNLOAD not in events:
        events = (_DOWNLOAD, *events)
    if _INSTALL not in events:
        after = events.index(_DOWNLOAD) + 1
        events = (*events[:after], _INSTALL, *events[after:])
    return events
