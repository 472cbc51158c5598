"""The part of Auto Scaling that launches and terminates instances until each group is as wanted.

A thread brings every group up to the present, over and over: hooks time out and instances are
replaced even while nobody asks. An instance is `Pending` for `EMULATED_LAUNCH_SECONDS` (0.1 by
default) and, in a group with the tag `emulator:launches-when-asked`, until somebody has asked for
the group's activities. It is `Terminating` until what is in front of the group has drained. Hooks
hold it after that, in `Pending:Wait` and `Terminating:Wait`.

Source: Amazon EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle", "How
lifecycle hooks work", "Suspend and resume processes" and "Termination policies".

Differs from AWS: the termination policies are `NewestInstance` and, for all others, the oldest
first, both after the balance of zones. Load balancers are not asked for health, and the grace
period is nothing. Instances of an abandoned launch are held by termination hooks, of which AWS's
guide says nothing.
"""

import os
import threading
import time
from collections import Counter

from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends

from tests.aws import group_notifications, group_traffic
from tests.aws.group_members import (
    IN_SERVICE,
    PENDING_WAIT,
    TERMINATING,
    TERMINATING_WAIT,
    Member,
    is_suspended,
    members,
)
from tests.aws.group_notifications import LAUNCHED, TERMINATED, announce
from tests.aws.instance_launches import instances_for, launch, terminate
from tests.aws.lifecycle_actions import LAUNCHING
from tests.aws.lifecycle_actions import TERMINATING as TERMINATION
from tests.aws.lifecycle_hooks import hooks_of, notify
from tests.aws.scaling_activities import CANCELLED, begin, may_launch

PENDING_SECONDS = float(os.environ.get("EMULATED_LAUNCH_SECONDS", "0.1"))
BEING_DELETED = "Delete in progress"

_PAUSE_SECONDS = 0.05
_FAILED_PAUSE_SECONDS = 1.0

alone = threading.RLock()
"""Held by whoever brings a group up to the present or changes what it should be."""


def start() -> None:
    """Start the thread, which ends with the process, as the process does with it."""
    clock = threading.Thread(target=_keep_on, daemon=True)

    def end_if_time_stands_still(failure: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(failure)
        if failure.thread is clock:
            os._exit(1)

    threading.excepthook = end_if_time_stands_still
    clock.start()


def settle(group: FakeAutoScalingGroup) -> None:
    """Bring a group up to the present."""
    with alone:
        for member in members(group):
            _advance(group, member)
        if not is_being_deleted(group):
            _meet_capacity(group)
        elif not group.instance_states:
            forget(group)


def leave(group: FakeAutoScalingGroup, member: Member, cause: str) -> None:
    """Let an instance go: out of traffic first, then past the hooks, then terminated."""
    if member.is_going:
        return
    if member.activity.end_time is None:
        member.activity.end(CANCELLED, member.actions.abandoned)
    description = f"Terminating EC2 instance: {member.instance_id}"
    member.activity = begin(
        group, description, f"instance {member.instance_id} was taken out of service {cause}."
    )
    member.move(TERMINATING)
    group_traffic.remove(group, member)


def delete_by_force(group: FakeAutoScalingGroup) -> None:
    """Let all instances go, without hooks, and then the group."""
    vars(group)["status"] = BEING_DELETED
    for member in members(group):
        member.is_hooked = False
        leave(group, member, "in response to a deletion of the group")
    settle(group)


def is_being_deleted(group: FakeAutoScalingGroup) -> bool:
    """Whether a group waits for its last instance to end."""
    return vars(group).get("status") == BEING_DELETED


def forget(group: FakeAutoScalingGroup) -> None:
    """Let a group be gone, with everything that belongs to it."""
    backend = group.autoscaling_backend
    backend.autoscaling_groups.pop(group.name, None)
    belongings = (backend.lifecycle_hooks, backend.policies, backend.scheduled_actions)
    for kept in belongings:
        for key in [key for key, one in kept.items() if one.auto_scaling_group_name == group.name]:
            del kept[key]
    group_notifications.forget(group)


def _keep_on() -> None:
    while True:
        time.sleep(_PAUSE_SECONDS)
        with alone:
            for group in _all_groups():
                settle(group)


def _all_groups() -> list[FakeAutoScalingGroup]:
    """Return the groups of every account and region."""
    accounts = list(autoscaling_backends.values())
    backends = [backend for account in accounts for backend in list(account.values())]
    return [group for backend in backends for group in backend.autoscaling_groups.values()]


# --- one instance


def _advance(group: FakeAutoScalingGroup, member: Member) -> None:
    """Move an instance on, if it is time."""
    now = time.monotonic()
    member.actions.expire(now)
    match member.lifecycle_state:
        case "InService" | "Pending" | "Pending:Wait" if _is_ill(group, member):
            leave(group, member, "in response to a health check")
        case "Pending" if now - member.moved_at >= PENDING_SECONDS and may_launch(group):
            if not _wait(group, member, LAUNCHING):
                _enter(group, member)
        case "Pending:Wait" if member.actions.abandoned:
            leave(group, member, "in response to an abandoned lifecycle action")
        case "Pending:Wait" if member.actions.are_over:
            _enter(group, member)
        case "Terminating" if not group_traffic.holds(group, member):
            if not _wait(group, member, TERMINATION):
                _end(group, member)
        case "Terminating:Wait" if member.actions.are_over or not member.is_hooked:
            _end(group, member)


def _wait(group: FakeAutoScalingGroup, member: Member, transition: str) -> bool:
    """Let the hooks of a transition hold an instance; return whether there are any."""
    hooks = hooks_of(group, transition) if member.is_hooked else []
    if not hooks:
        return False
    member.move(PENDING_WAIT if transition == LAUNCHING else TERMINATING_WAIT)
    member.activity.hold()
    for action in member.actions.begin(hooks, time.monotonic()):
        notify(group, member.instance_id, action)
    return True


def _enter(group: FakeAutoScalingGroup, member: Member) -> None:
    member.move(IN_SERVICE)
    member.is_hooked = True
    member.activity.end()
    group_traffic.add(group, member)
    announce(group, LAUNCHED, member.activity)


def _end(group: FakeAutoScalingGroup, member: Member) -> None:
    terminate(group, member)
    member.activity.end()
    announce(group, TERMINATED, member.activity)


def _is_ill(group: FakeAutoScalingGroup, member: Member) -> bool:
    """Whether an instance is to be replaced; note that it is ill, if that is looked for."""
    if member.instance.state != "running" and not is_suspended(group, "HealthCheck"):
        member.health_status = "Unhealthy"
    kept = member.lifecycle_state == IN_SERVICE and is_suspended(group, "Terminate")
    may_replace = not kept and not is_suspended(group, "ReplaceUnhealthy")
    return may_replace and member.health_status == "Unhealthy"


# --- as many as are wanted


def _meet_capacity(group: FakeAutoScalingGroup) -> None:
    present = [member for member in members(group) if member.is_capacity]
    missing = instances_for(group, group.desired_capacity or 0) - len(present)
    if missing > 0 and not is_suspended(group, "Launch"):
        _grow(group, missing)
    for member in _victims(group, present, -missing):
        leave(group, member, "in response to a difference between desired and actual capacity")


def _grow(group: FakeAutoScalingGroup, missing: int) -> None:
    """Launch instances; after a refusal, not again for a while."""
    if time.monotonic() < vars(group).get("launches_again_at", 0):
        return
    for _ in range(missing):
        if launch(group) is None:
            vars(group)["launches_again_at"] = time.monotonic() + _FAILED_PAUSE_SECONDS
            return


def _victims(group: FakeAutoScalingGroup, present: list[Member], count: int) -> list[Member]:
    """Choose who must go, from the zone that has the most."""
    fixed = is_suspended(group, "Terminate")
    left = [
        member
        for member in present
        if not member.protected_from_scale_in
        and not (fixed and member.lifecycle_state == IN_SERVICE)
    ]
    chosen: list[Member] = []
    place = -1 if "NewestInstance" in group.termination_policies else 0
    for _ in range(min(count, len(left))):
        fullest = Counter(member.availability_zone for member in left).most_common(1)[0][0]
        victim = [member for member in left if member.availability_zone == fullest][place]
        left.remove(victim)
        chosen.append(victim)
    return chosen
