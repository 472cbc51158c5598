"""Requests about single instances of Auto Scaling groups.

Source: Amazon EC2 Auto Scaling API Reference, AttachInstances, DetachInstances, EnterStandby,
ExitStandby, TerminateInstanceInAutoScalingGroup, SetInstanceHealth and
DescribeAutoScalingInstances.

Differs from AWS: a detached instance is out of the group at once, while it drains; launch hooks do
not hold instances that are attached or leave standby.
"""

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tests.aws import group_traffic
from tests.aws.extension import replace
from tests.aws.group_members import (
    IN_SERVICE,
    PENDING,
    STANDBY,
    Member,
    group_of,
    member_anywhere,
    member_of,
    members,
)
from tests.aws.group_scheduler import leave, settle
from tests.aws.scaling_activities import ScalingActivity, begin

_PAGE = 50


def install() -> None:
    """Add it to moto, in this process."""
    response = AutoScalingResponse
    replace(response, "attach_instances", lambda _: _attach)
    replace(response, "detach_instances", lambda _: _detach)
    replace(response, "enter_standby", lambda _: _enter_standby)
    replace(response, "exit_standby", lambda _: _exit_standby)
    replace(response, "terminate_instance_in_auto_scaling_group", lambda _: _terminate)
    replace(response, "set_instance_health", lambda _: _set_health)
    replace(response, "describe_auto_scaling_instances", lambda _: _describe)


def _attach(response: AutoScalingResponse) -> EmptyResult:
    group, ids = group_of(response), response._get_param("InstanceIds", [])
    taken = {one.instance_id for one in members(group)}.intersection(ids)
    if taken:
        raise ValidationError(f"Instance {taken.pop()} is already part of {group.name}")
    instances = [group.ec2_backend.get_instance(one) for one in ids]
    _change_capacity(group, len(ids))
    for instance in instances:
        activity = begin(group, f"Attaching an existing EC2 instance: {instance.id}", _ASKED)
        member = Member(group, instance, activity)
        member.is_hooked = False
        instance.add_tags({ASG_NAME_TAG: group.name})
        group.instance_states.append(member)
    settle(group)
    return EmptyResult()


def _detach(response: AutoScalingResponse) -> ActionResult:
    group, leaving = _named(response)
    _shrink_if_asked(response, group, len(leaving))
    activities = []
    for member in leaving:
        group_traffic.remove(group, member)
        group.instance_states.remove(member)
        group.ec2_backend.delete_tags([member.instance_id], {ASG_NAME_TAG: group.name})
        activity = begin(group, f"Detaching EC2 instance: {member.instance_id}", _ASKED)
        activity.end()
        activities.append(activity)
    settle(group)
    return ActionResult({"Activities": activities})


def _enter_standby(response: AutoScalingResponse) -> ActionResult:
    group, resting = _named(response)
    _refuse_unless(IN_SERVICE, resting)
    _shrink_if_asked(response, group, len(resting))
    activities = []
    for member in resting:
        group_traffic.remove(group, member)
        member.move(STANDBY)
        activities.append(_noted(group, member, "Moving EC2 instance to Standby"))
    settle(group)
    return ActionResult({"Activities": activities})


def _exit_standby(response: AutoScalingResponse) -> ActionResult:
    group, coming = _named(response)
    _refuse_unless(STANDBY, coming)
    _change_capacity(group, len(coming))
    for member in coming:
        member.activity = begin(
            group, f"Moving EC2 instance out of Standby: {member.instance_id}", _ASKED
        )
        member.is_hooked = False
        member.move(PENDING)
    settle(group)
    return ActionResult({"Activities": [member.activity for member in coming]})


def _terminate(response: AutoScalingResponse) -> ActionResult:
    """End an instance; one in standby is not capacity, and leaves it as it is."""
    instance_id = response._get_param("InstanceId")
    member = member_anywhere(response.autoscaling_backend, instance_id)
    group: FakeAutoScalingGroup = member.auto_scaling_group
    if member.is_capacity:
        _shrink_if_asked(response, group, 1)
    leave(group, member, "in response to a user request")
    settle(group)
    return ActionResult({"Activity": member.activity})


def _set_health(response: AutoScalingResponse) -> EmptyResult:
    status = response._get_param("HealthStatus")
    if status not in ("Healthy", "Unhealthy"):
        raise ValidationError("Valid instance health states are: [Healthy, Unhealthy].")
    instance_id = response._get_param("InstanceId")
    member = member_anywhere(response.autoscaling_backend, instance_id)
    member.health_status = status
    settle(member.auto_scaling_group)
    return EmptyResult()


def _describe(response: AutoScalingResponse) -> ActionResult:
    ids = response._get_param("InstanceIds", [])
    start = int(response._get_param("NextToken", 0))
    end = start + response._get_int_param("MaxRecords", _PAGE)
    found = response.autoscaling_backend.describe_auto_scaling_instances(ids)
    token = str(end) if end < len(found) else None
    return ActionResult({"AutoScalingInstances": found[start:end], "NextToken": token})


_ASKED = "in response to a user request."


def _noted(group: FakeAutoScalingGroup, member: Member, what: str) -> ScalingActivity:
    activity = begin(group, f"{what}: {member.instance_id}", _ASKED)
    activity.end()
    return activity


def _named(response: AutoScalingResponse) -> tuple[FakeAutoScalingGroup, list[Member]]:
    group = group_of(response)
    return group, [member_of(group, one) for one in response._get_param("InstanceIds", [])]


def _refuse_unless(state: str, asked: list[Member]) -> None:
    for member in asked:
        if member.lifecycle_state != state:
            raise ValidationError(
                f"The instance {member.instance_id} is not in {state}; it is in "
                f"{member.lifecycle_state}."
            )


def _shrink_if_asked(
    response: AutoScalingResponse, group: FakeAutoScalingGroup, count: int
) -> None:
    if response._get_bool_param("ShouldDecrementDesiredCapacity", False):
        _change_capacity(group, -count)


def _change_capacity(group: FakeAutoScalingGroup, change: int) -> None:
    """Want so many more, within the bounds of the group."""
    desired, least, most = group.desired_capacity or 0, group.min_size or 0, group.max_size or 0
    if change < 0 and desired + change < least:
        raise ValidationError(
            f"Currently, desiredSize equals {desired} and minSize {least}. Terminating instance "
            "without replacement will violate group's min size constraint. Either set "
            "shouldDecrementDesiredCapacity flag to false or lower group's min size."
        )
    if change > 0 and desired + change > most:
        raise ValidationError(
            f"AutoScalingGroup {group.name} has max-size={most} and desired-size={desired}; "
            f"{change} more instances exceed it."
        )
    group.desired_capacity = desired + change
