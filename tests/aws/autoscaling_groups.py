"""Requests about Auto Scaling groups as a whole: create, update, resize and delete.

Source: Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup, UpdateAutoScalingGroup,
SetDesiredCapacity and DeleteAutoScalingGroup.
"""

from copy import deepcopy
from typing import Any

from botocore import xform_name
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from tests.aws import group_scheduler, lifecycle_hooks, traffic_sources
from tests.aws.extension import Method, replace
from tests.aws.group_members import group_of, members
from tests.aws.group_traffic import attached

_SETTINGS = (
    *("DefaultCooldown", "HealthCheckGracePeriod", "PlacementGroup", "TerminationPolicies"),
    *("CapacityRebalance", "MaxInstanceLifetime", "DefaultInstanceWarmup", "Context"),
    *("DesiredCapacityType", "InstanceMaintenancePolicy", "AvailabilityZoneDistribution"),
    *("AvailabilityZoneImpairmentPolicy", "CapacityReservationSpecification"),
    *("InstanceLifecyclePolicy", "ServiceLinkedRoleARN", "DeletionProtection"),
)
"""What moto does not keep, or not when a group is updated."""

_PROTECTED = ("prevent-all-deletion", "prevent-force-deletion")


def install() -> None:
    """Add it to moto, in this process."""
    replace(FakeAutoScalingGroup, "set_desired_capacity", lambda _: _want)
    replace(FakeAutoScalingGroup, "update", _keep_mixed_instances)
    replace(AutoScalingResponse, "create_auto_scaling_group", _create)
    replace(AutoScalingResponse, "update_auto_scaling_group", _update)
    replace(AutoScalingResponse, "set_desired_capacity", lambda _: _resize)
    replace(AutoScalingResponse, "delete_auto_scaling_group", lambda _: _delete)


def _create(original: Method) -> Method:
    def create_auto_scaling_group(response: AutoScalingResponse) -> ActionResult:
        name = response._get_param("AutoScalingGroupName")
        if name in response.autoscaling_backend.autoscaling_groups:
            raise AutoscalingClientError(
                "AlreadyExists",
                "AutoScalingGroup by this name already exists - A group with the name "
                f"{name} already exists",
            )
        answer: ActionResult = original(response)
        _complete(response, group_of(response))
        return answer

    return create_auto_scaling_group


def _complete(response: AutoScalingResponse, group: FakeAutoScalingGroup) -> None:
    """Give a new group what moto leaves out, or let it not have been."""
    group.health_check_grace_period = 0
    _keep_settings(response, group)
    try:
        _check_capacity(group)
        traffic_sources.check(group, attached(group))
        traffic_sources.attach(group, traffic_sources.sources_in(response))
        lifecycle_hooks.put_all(group, response._get_param("LifecycleHookSpecificationList", []))
    except ServiceException:
        group_scheduler.forget(group)
        raise
    group_scheduler.settle(group)


def _update(original: Method) -> Method:
    def update_auto_scaling_group(response: AutoScalingResponse) -> ActionResult:
        group = group_of(response)
        _refuse_sizes(response, group)
        answer: ActionResult = original(response)
        _keep_settings(response, group)
        desired, least, most = group.desired_capacity, group.min_size, group.max_size
        group.desired_capacity = min(max(desired or 0, least or 0), most or 0)
        group_scheduler.settle(group)
        return answer

    return update_auto_scaling_group


def _keep_mixed_instances(original: Method) -> Method:
    """moto forgets the policy if an update does not repeat it."""

    def update(group: FakeAutoScalingGroup, *arguments: Any, **changes: Any) -> None:
        names = ("launch_config_name", "launch_template", "mixed_instances_policy")
        if group.mixed_instances_policy and not any(changes.get(name) for name in names):
            changes["mixed_instances_policy"] = _as_asked(group.mixed_instances_policy)
        original(group, *arguments, **changes)

    return update


def _as_asked(policy: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with its template by id alone, as requests must name it."""
    asked = deepcopy(policy)
    asked["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
    return asked


def _want(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    group.desired_capacity = group.min_size if new_capacity is None else new_capacity
    # A group that is being made is not known yet, and launches nothing.
    if group.autoscaling_backend.autoscaling_groups.get(group.name) is group:
        group_scheduler.settle(group)


def _resize(response: AutoScalingResponse) -> EmptyResult:
    group, wanted = group_of(response), response._get_int_param("DesiredCapacity")
    assert wanted is not None
    if wanted > (group.max_size or 0):
        raise ValidationError(
            f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the "
            "AutoScalingGroup."
        )
    if wanted < (group.min_size or 0):
        raise ValidationError(
            f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the "
            "AutoScalingGroup."
        )
    group.set_desired_capacity(wanted)
    return EmptyResult()


def _delete(response: AutoScalingResponse) -> EmptyResult:
    group, by_force = group_of(response), response._get_bool_param("ForceDelete", False)
    if vars(group).get("deletion_protection") in _PROTECTED[: 2 if by_force else 1]:
        raise ValidationError(f"AutoScalingGroup {group.name} is protected from deletion.")
    if by_force:
        group_scheduler.delete_by_force(group)
        return EmptyResult()
    if not all(member.is_going for member in members(group)):
        raise AutoscalingClientError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
            "instance request(s) still in the group.",
        )
    if members(group):
        raise AutoscalingClientError(
            "ScalingActivityInProgress",
            "You cannot delete an AutoScalingGroup while there are scaling activities in progress "
            "for that group.",
        )
    group_scheduler.forget(group)
    return EmptyResult()


def _keep_settings(response: AutoScalingResponse, group: FakeAutoScalingGroup) -> None:
    said = response._get_params()
    for name in _SETTINGS:
        if name in said:
            setattr(group, xform_name(name), said[name])


def _check_capacity(group: FakeAutoScalingGroup) -> None:
    least, most, desired = group.min_size or 0, group.max_size or 0, group.desired_capacity or 0
    if least > most:
        raise ValidationError("Max bound, must be greater than or equal to min bound")
    if not least <= desired <= most:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:"
            f"{least} and max size:{most}"
        )


def _refuse_sizes(response: AutoScalingResponse, group: FakeAutoScalingGroup) -> None:
    """Refuse sizes that contradict each other, before anything changes."""
    least = response._get_int_param("MinSize", group.min_size or 0)
    most = response._get_int_param("MaxSize", group.max_size or 0)
    if least > most:
        raise ValidationError("Max bound, must be greater than or equal to min bound")
