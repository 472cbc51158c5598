"""Which old revisions a host keeps, so that its disk does not fill."""

import shutil
from collections.abc import Iterable

from agent.layout import DeploymentDirectory, Layout
from agent.revisions import DeploymentCard, read_card
from codedeploy.lifecycle import ScriptSource

KEPT_ARCHIVES = 5
KEPT_LOGS = 50


def prune(layout: Layout, group_id: str, *, running: str) -> None:
    """Remove old archives, then old journals and logs, then bundles that `group_id` can spare.

    The deployment `running` and the one that last ended well are never touched. A directory that
    cannot be removed is left for the next time: an old revision must not fail a new one.
    """
    group = layout.group(group_id)
    kept = {running, *(group.pointer(source) for source in ScriptSource)}
    mine = [deployment for card, deployment in _newest_first(layout) if _is_of(card, group_id)]
    older = [deployment for deployment in mine if deployment.deployment_id not in kept]
    room = KEPT_ARCHIVES - (len(mine) - len(older))
    for deployment in older[max(0, room) :]:
        shutil.rmtree(deployment.archive, ignore_errors=True)
    for deployment in older[KEPT_LOGS:]:
        shutil.rmtree(deployment.path, ignore_errors=True)
    _prune_bundles(layout, running=running)


def _is_of(card: DeploymentCard, group_id: str) -> bool:
    return card.deployment_group_id == group_id


def _newest_first(layout: Layout) -> Iterable[tuple[DeploymentCard, DeploymentDirectory]]:
    known = ((read_card(deployment), deployment) for deployment in layout.deployments())
    dated = [(card, deployment) for card, deployment in known if card is not None]
    return sorted(dated, key=lambda pair: pair[0].time, reverse=True)


def _prune_bundles(layout: Layout, *, running: str) -> None:
    """Remove the bundles of which no unpacked revision is left; they are named by their digest."""
    needed = {
        card.sha256
        for card, deployment in _newest_first(layout)
        if deployment.deployment_id == running or deployment.archive.exists()
    }
    for bundle in layout.bundles.glob("?" * 64):
        if bundle.name not in needed:
            bundle.unlink(missing_ok=True)
