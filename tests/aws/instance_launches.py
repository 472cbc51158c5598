"""How an Auto Scaling group launches an instance, and ends it.

Instances are spread evenly over the subnets of the group, each in a reservation of its own.

Source: Amazon EC2 Auto Scaling User Guide, "Launch templates", "Tag Auto Scaling groups and
instances" and "Amazon EC2 Auto Scaling benefits" (balance of zones).
"""

import math
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound
from moto.ec2.models.instances import Instance

from tests.aws.group_members import Member, members
from tests.aws.group_notifications import LAUNCH_FAILED, announce
from tests.aws.scaling_activities import FAILED, begin

_CAUSE = "an instance was started in response to a difference between desired and actual capacity."
_TYPE = "t3.micro"


def launch(group: FakeAutoScalingGroup) -> Member | None:
    """Launch an instance; none, and a failed activity, if EC2 refuses."""
    try:
        instance = _run(group)
    except ServiceException as refusal:
        activity = begin(group, "Launching a new EC2 instance", _CAUSE)
        activity.end(FAILED, f"{refusal.message} Launching EC2 instance failed.")
        announce(group, LAUNCH_FAILED, activity)
        return None
    activity = begin(group, f"Launching a new EC2 instance: {instance.id}", _CAUSE)
    member = Member(group, instance, activity)
    member.launch_template = _template(group)
    member.weighted_capacity = _weight(group)
    group.instance_states.append(member)
    return member


def terminate(group: FakeAutoScalingGroup, member: Member) -> None:
    """End an instance, if nobody else has."""
    group.instance_states.remove(member)
    if member.instance.state != "terminated":
        member.instance.terminate()
    group.autoscaling_backend.elbv2_backend.notify_terminate_instances([member.instance_id])


def instances_for(group: FakeAutoScalingGroup, capacity: int) -> int:
    """Return how many instances make a capacity; with overrides, all are of the first one."""
    return math.ceil(capacity / int(_weight(group) or 1))


def _weight(group: FakeAutoScalingGroup) -> str | None:
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or [{}]
    weight: str | None = overrides[0].get("WeightedCapacity")
    return weight


def _run(group: FakeAutoScalingGroup) -> Instance:
    placement: dict[str, Any] = {"subnet_id": _subnet(group)}
    if placement["subnet_id"] is None:
        placement = {"placement": group.availability_zones[0]}
    configuration = group.launch_config
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        group.security_groups,
        instance_type=group.instance_type or _TYPE,
        is_instance_type_default=True,
        tags={"instance": _tags(group)},
        launch_config=configuration,
        launch_template=_template(group),
        associate_public_ip=configuration and configuration.associate_public_ip_address,
        **placement,
    )
    (instance,) = reservation.instances
    return instance


def _subnet(group: FakeAutoScalingGroup) -> str | None:
    """Return the subnet with the fewest instances of the group; none if it has no subnets."""
    subnets = (group.vpc_zone_identifier or "").replace(" ", "").split(",")
    used = [member.instance.subnet_id for member in members(group) if not member.is_going]
    return min(subnets, key=used.count) or None


def _tags(group: FakeAutoScalingGroup) -> dict[str, str]:
    return {
        **group.instance_tags,
        **group.get_propagated_tags(),
        ASG_NAME_TAG: group.name,
    }


def _template(group: FakeAutoScalingGroup) -> dict[str, Any] | None:
    """Return the launch template with its version as a number, as instances show it."""
    template = group.ec2_launch_template
    if template is None:
        return None
    if template.id not in group.ec2_backend.launch_templates:
        raise InvalidLaunchTemplateIdNotFound(template.id)
    version = template.get_version(group.launch_template_version)
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }
