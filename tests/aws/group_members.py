"""The instances of an Auto Scaling group, each with what moves it on.

Source: Amazon EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle".
"""

import time
from collections.abc import Iterator
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.ec2.models.instances import Instance

from tests.aws.lifecycle_actions import LifecycleActions
from tests.aws.scaling_activities import ScalingActivity

PENDING, PENDING_WAIT = "Pending", "Pending:Wait"
IN_SERVICE, STANDBY = "InService", "Standby"
TERMINATING, TERMINATING_WAIT = "Terminating", "Terminating:Wait"

_CAPACITY = (PENDING, PENDING_WAIT, IN_SERVICE)
_GOING = (TERMINATING, TERMINATING_WAIT)


class Member(InstanceState):
    """An instance of a group.

    Attributes:
        activity: What brings it in or takes it out, or brought it in.
        is_hooked: Whether lifecycle hooks hold it on its way.
        launch_template: What it was launched from.
        weighted_capacity: How much it counts, if the group gives weights.
    """

    launch_template: dict[str, Any] | None = None
    weighted_capacity: str | None = None

    def __init__(
        self, group: FakeAutoScalingGroup, instance: Instance, activity: ScalingActivity
    ) -> None:
        vars(instance)["autoscaling_group"] = group
        super().__init__(
            instance, protected_from_scale_in=group.new_instances_protected_from_scale_in
        )
        self.activity = activity
        self.is_hooked = True
        self.move(PENDING)

    def move(self, state: str) -> None:
        """Enter a state; nothing holds it there yet."""
        self.lifecycle_state = state
        self.moved_at = time.monotonic()
        self.actions = LifecycleActions()

    @property
    def is_capacity(self) -> bool:
        """Whether it counts for the desired capacity."""
        return self.lifecycle_state in _CAPACITY

    @property
    def is_going(self) -> bool:
        """Whether it is on its way out."""
        return self.lifecycle_state in _GOING


def group_of(response: AutoScalingResponse) -> FakeAutoScalingGroup:
    """Return the group that a request is about, or refuse."""
    name = response._get_param("AutoScalingGroupName")
    group = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(
            f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        )
    return group


def members(group: FakeAutoScalingGroup) -> list[Member]:
    """Return the instances of a group, the oldest first."""
    return [one for one in group.instance_states if isinstance(one, Member)]


def in_service(group: FakeAutoScalingGroup) -> list[Member]:
    """Return the instances of a group that are in service."""
    return [one for one in members(group) if one.lifecycle_state == IN_SERVICE]


def is_suspended(group: FakeAutoScalingGroup, process: str) -> bool:
    """Whether a group may not do something, such as `Launch`."""
    return process in group._suspended_processes


def member_of(group: FakeAutoScalingGroup, instance_id: str) -> Member:
    """Return an instance of a group, or refuse."""
    for member in members(group):
        if member.instance_id == instance_id:
            return member
    raise ValidationError(
        f"The instance {instance_id} is not part of Auto Scaling group {group.name}."
    )


def member_anywhere(backend: AutoScalingBackend, instance_id: str) -> Member:
    """Return an instance of whatever group, or refuse."""
    for member in _everywhere(backend):
        if member.instance_id == instance_id:
            return member
    raise ValidationError(
        f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
    )


def _everywhere(backend: AutoScalingBackend) -> Iterator[Member]:
    for group in backend.autoscaling_groups.values():
        yield from members(group)
