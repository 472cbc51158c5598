"""What a deployment group remembers: its lock, its queue, its last good revision, its hosts."""

from datetime import datetime

from codedeploy.deployment import Creator, DeploymentOutcome, DeploymentStatus, Termination
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentGroupDoesNotExist, RevisionDoesNotExist
from codedeploy.fleet import MOST_INSTANCES
from codedeploy.instances import InstanceHealth
from codedeploy.launches import LaunchBook
from codedeploy.revision import PinnedRevision
from codedeploy.target_instances import TargetInstances, fleet_of
from codedeploy.waves import Known
from codedeploy.wire import Model

REMEMBERED_DEPLOYMENTS = 100

SHORTEST_DIGEST = 7
"""Fewer characters of a sha256 are too likely to be meant as a name."""


class DeploymentRecord(Model):
    """One line of a group's history.

    Attributes:
        revision: What it deployed, once that was pinned.
        root: The deployment after which it brings instances up to date.
    """

    deployment_id: str
    status: DeploymentStatus = DeploymentStatus.CREATED
    creator: Creator = Creator.USER
    revision_label: str = ""
    revision: PinnedRevision | None = None
    create_time: datetime
    end_time: datetime | None = None
    idempotency_key: str | None = None
    root: str | None = None


class DeploymentGroupInfo(Model):
    """A deployment group as its entity knows it.

    Attributes:
        deployment_group_id: Names the group on hosts; survives changes of its definition.
        last_successful_deployment: The deployment whose revision is the group's own.
        last_successful_revision: What a rollback goes back to.
        active: The deployment that holds the group's lock.
        queue: Deployments that wait for their turn, in order.
        health: What is known of the instances that were deployed to, the latest ones last; of as
            many as a deployment can have.
        history: The last hundred deployments, newest first.
        termination: What the last deployment has left to do.
        fleet: The fleet that serves since the last blue/green deployment, in the place of the one
            that the definition names; None if that is the same.
        fleet_of: The deployment that put it there.
        launches: What is known of instances that come and go.
        is_watching: Whether its Auto Scaling groups are watched.
        is_defined: Whether a definition was ever accepted; a group without one does not exist for
            anybody who asks.
    """

    group: DeploymentGroup
    deployment_group_id: str
    last_successful_deployment: str | None = None
    last_successful_revision: PinnedRevision | None = None
    last_attempted_deployment: str | None = None
    active: str | None = None
    queue: tuple[str, ...] = ()
    health: dict[str, InstanceHealth] = {}
    history: tuple[DeploymentRecord, ...] = ()
    termination: Termination | None = None
    fleet: TargetInstances | None = None
    fleet_of: str | None = None
    launches: LaunchBook = LaunchBook()
    is_watching: bool = False
    is_defined: bool = True

    @property
    def serving_group(self) -> DeploymentGroup:
        """The group with the fleet that serves now.

        Differs from AWS: CodeDeploy rewrites the definition of the group, so that whoever keeps it
        in a file finds it changed.
        """
        return self.fleet.instead_of(self.group) if self.fleet else self.group


def no_group(full_name: str) -> DeploymentGroupDoesNotExist:
    """Return what is said to whoever names a deployment group that does not exist."""
    return DeploymentGroupDoesNotExist(
        f"There is no deployment group {full_name}. List them with: rollway get groups"
    )


def redefined(info: DeploymentGroupInfo, group: DeploymentGroup) -> DeploymentGroupInfo:
    """Return `info` with another definition; one that names another fleet means that from now."""
    changes: dict[str, object] = {"group": group, "is_defined": True}
    if fleet_of(group) != fleet_of(info.group):
        changes |= {"fleet": None, "fleet_of": None}
    return info.model_copy(update=changes)


def known_of(info: DeploymentGroupInfo) -> Known:
    """Return what decides the order in which the group's instances are deployed to."""
    revision = info.last_successful_revision
    return Known(health=info.health, last_successful=revision.mark if revision else None)


def recorded(info: DeploymentGroupInfo, record: DeploymentRecord) -> DeploymentGroupInfo:
    """Return `info` with a new deployment that takes the lock, or its place in the queue."""
    takes_lock = info.active is None
    return info.model_copy(
        update={
            "history": (record, *info.history)[:REMEMBERED_DEPLOYMENTS],
            "active": record.deployment_id if takes_lock else info.active,
            "queue": info.queue if takes_lock else (*info.queue, record.deployment_id),
        }
    )


def released(
    info: DeploymentGroupInfo, deployment_id: str, status: DeploymentStatus, now: datetime
) -> DeploymentGroupInfo:
    """Return `info` after a deployment is over: the next in the queue has the lock."""
    queue = tuple(queued for queued in info.queue if queued != deployment_id)
    if info.active == deployment_id:
        active, queue = (queue[0], queue[1:]) if queue else (None, ())
    else:
        active = info.active
    history = tuple(
        _with_end(record, status, now) if record.deployment_id == deployment_id else record
        for record in info.history
    )
    return info.model_copy(update={"active": active, "queue": queue, "history": history})


def _with_end(
    record: DeploymentRecord, status: DeploymentStatus, now: datetime
) -> DeploymentRecord:
    if record.end_time is not None:
        return record
    return record.model_copy(update={"status": status, "end_time": now})


OF_ONE_INSTANCE = (Creator.AUTO_SCALING, Creator.AUTO_SCALING_TERMINATION)
"""Who deploys to single instances: that says nothing of the group's revision."""


def ended(
    info: DeploymentGroupInfo, outcome: DeploymentOutcome, now: datetime
) -> DeploymentGroupInfo:
    """Return `info` with what a deployment did to the hosts and to the last good revision."""
    health = _remembered(info.health, _health_after(info, outcome))
    if outcome.creator in OF_ONE_INSTANCE:
        kept = {name: each for name, each in health.items() if name not in outcome.failed}
        return info.model_copy(update={"health": kept})
    changes: dict[str, object] = {
        "health": health,
        "history": _history_after(info, outcome, now),
        "last_attempted_deployment": outcome.deployment_id,
    }
    if outcome.termination is not None:
        changes["termination"] = outcome.termination
    if outcome.fleet is not None:
        changes |= {"fleet": outcome.fleet, "fleet_of": outcome.deployment_id}
    if outcome.status is DeploymentStatus.SUCCEEDED and outcome.creator is not Creator.ROLLBACK:
        changes["last_successful_deployment"] = outcome.deployment_id
        changes["last_successful_revision"] = outcome.revision
    return info.model_copy(update=changes)


def _health_after(
    info: DeploymentGroupInfo, outcome: DeploymentOutcome
) -> dict[str, InstanceHealth]:
    if outcome.revision is None:
        return {}
    good = InstanceHealth(
        installed=outcome.revision.mark, label=outcome.revision.label, is_healthy=True
    )
    bad = {
        target: info.health.get(target, InstanceHealth()).model_copy(update={"is_healthy": False})
        for target in outcome.failed
    }
    return dict.fromkeys(outcome.succeeded, good) | bad


def _remembered(
    before: dict[str, InstanceHealth], learnt: dict[str, InstanceHealth]
) -> dict[str, InstanceHealth]:
    """Return what is known of instances, without those that were not deployed to for longest.

    Auto Scaling launches others for ever, and nobody tells of all that are gone.
    """
    others = {name: each for name, each in before.items() if name not in learnt}
    return dict([*others.items(), *learnt.items()][-MOST_INSTANCES:])


def _history_after(
    info: DeploymentGroupInfo, outcome: DeploymentOutcome, now: datetime
) -> tuple[DeploymentRecord, ...]:
    known = {record.deployment_id: record for record in info.history}
    record = known.get(
        outcome.deployment_id,
        DeploymentRecord(deployment_id=outcome.deployment_id, create_time=now),
    )
    finished = record.model_copy(
        update={
            "status": outcome.status,
            "creator": outcome.creator,
            "end_time": now,
            "revision": outcome.revision,
            "revision_label": outcome.revision.label if outcome.revision else record.revision_label,
        }
    )
    if outcome.deployment_id not in known:
        return (finished, *info.history)[:REMEMBERED_DEPLOYMENTS]
    return tuple(
        finished if earlier.deployment_id == outcome.deployment_id else earlier
        for earlier in info.history
    )


def revision_to_go_back_to(info: DeploymentGroupInfo, label: str | None) -> PinnedRevision:
    """Return the revision called `label`, or the last good one that is not the current one.

    After a failed deployment that is the last successful revision; after a successful one, the
    successful revision before it. `label` may also be the beginning of a sha256.

    Raises:
        RevisionDoesNotExist: No such revision was ever deployed well.
    """
    good = [
        record.revision
        for record in info.history
        if record.revision is not None and record.status is DeploymentStatus.SUCCEEDED
    ]
    if label is not None:
        called = [one for one in good if one.label == label]
        found = called or [one for one in good if _is_digest(label, one.sha256)]
        return _first(found, info, f"never ran a revision {label!r} well")
    current = info.last_successful_revision
    is_current_in_place = info.last_attempted_deployment == info.last_successful_deployment
    if current is not None and not is_current_in_place:
        return current
    found = [one for one in good if current is None or one.sha256 != current.sha256]
    return _first(found, info, "has no earlier revision that succeeded")


def _is_digest(text: str, sha256: str) -> bool:
    return len(text) >= SHORTEST_DIGEST and sha256.startswith(text)


def _first(found: list[PinnedRevision], info: DeploymentGroupInfo, problem: str) -> PinnedRevision:
    if found:
        return found[0]
    name = info.group.full_name
    raise RevisionDoesNotExist(f"{name} {problem}. Its history: rollway get group {name}")
