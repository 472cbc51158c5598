"""Which old revisions a host keeps, so that its disk does not fill."""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent.host_age import now
from agent.journal import Journal
from agent.layout import DeploymentDirectory, GroupDirectory, Layout
from agent.revisions import DeploymentCard, read_card
from codedeploy.lifecycle import ScriptSource

KEPT_REVISIONS = 5
KEPT_LOGS = 50
STALE_AFTER = timedelta(days=90)


@dataclass(frozen=True)
class _Past:
    """A deployment that this host remembers."""

    card: DeploymentCard
    directory: DeploymentDirectory

    @property
    def deployment_id(self) -> str:
        return self.directory.deployment_id

    @property
    def has_succeeded(self) -> bool:
        return Journal(self.directory.journal).is_complete


def prune(layout: Layout, group_id: str, *, running: str) -> None:
    """Remove what no deployment to this host needs any more.

    Of the group `group_id` stay the last `KEPT_REVISIONS` revisions that succeeded and
    `KEPT_LOGS` logs; of a group that was not deployed to for `STALE_AFTER`, the last good
    revision. The deployment `running`, the one that last ended well and the one that last
    downloaded are never touched. A directory that cannot be removed is left for the next time: an
    old revision must not fail a new one.

    Differs from AWS: failed revisions do not push good ones out, and groups that are no longer
    deployed to are cleaned up too.
    """
    past = _newest_first(layout)
    age = now(one.card.moment for one in past).age
    groups: dict[str, list[_Past]] = {}
    for one in past:
        groups.setdefault(one.card.deployment_group_id, []).append(one)
    _prune_group(layout.group(group_id), groups.pop(group_id, []), running=running)
    for stale_id, ones in groups.items():
        if age - ones[0].card.moment.age > STALE_AFTER.total_seconds():
            _clear(layout.group(stale_id), ones)
    _remove_empty_groups(layout, {group_id, *groups})
    _prune_bundles(past, layout, running=running)


def _newest_first(layout: Layout) -> list[_Past]:
    known = ((read_card(directory), directory) for directory in layout.deployments())
    past = [_Past(card, directory) for card, directory in known if card is not None]
    return sorted(past, key=lambda one: one.card.moment.age, reverse=True)


def _prune_group(group: GroupDirectory, past: Sequence[_Past], *, running: str) -> None:
    """Keep the newest of each of the last revisions that succeeded, and the newest logs."""
    safe = {running, *(group.pointer(source) for source in ScriptSource)}
    good = {one.card.sha256 for one in past if one.deployment_id in safe and one.has_succeeded}
    spare = []
    for one in past:
        if one.deployment_id in safe:
            continue
        if _is_worth_keeping(one, good):
            good.add(one.card.sha256)
        else:
            spare.append(one.directory)
    for directory in spare[:KEPT_LOGS]:
        _remove(directory.archive)
    for directory in spare[KEPT_LOGS:]:
        _remove(directory.path)


def _is_worth_keeping(one: _Past, good: set[str]) -> bool:
    """Whether it is unpacked, succeeded, and is not `good` already, of which there is room."""
    is_wanted = len(good) < KEPT_REVISIONS and one.card.sha256 not in good
    return is_wanted and one.directory.archive.exists() and one.has_succeeded


def _clear(group: GroupDirectory, past: Iterable[_Past]) -> None:
    """Leave of a stale group what a deployment to it, should one ever come, begins with."""
    last_good = group.pointer(ScriptSource.LAST_SUCCESSFUL)
    for one in past:
        if one.deployment_id != last_good:
            _remove(one.directory.path)


def _remove_empty_groups(layout: Layout, known: set[str]) -> None:
    """Remove the directories of groups of which no deployment and no installation is left."""
    known_paths = {layout.group(group_id).path for group_id in known}
    for group in layout.groups():
        if group.path not in known_paths and not group.installation.exists():
            _remove(group.path)


def _prune_bundles(past: Iterable[_Past], layout: Layout, *, running: str) -> None:
    """Remove the bundles of which no unpacked revision is left; they are named by their digest."""
    needed = {
        one.card.sha256
        for one in past
        if one.deployment_id == running or one.directory.archive.exists()
    }
    for bundle in layout.bundles.glob("?" * 64):
        if bundle.name not in needed:
            with suppress(OSError):
                bundle.unlink(missing_ok=True)


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
