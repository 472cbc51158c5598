"""Making the plan of a blue/green deployment to servers: who replaces whom."""

from typing import NamedTuple

from temporalio import workflow

from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import ScalingQuestion
from codedeploy.blue_green import GreenFleetAction
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode, InvalidTargetInstances
from codedeploy.handover import (
    Handover,
    alarms_left,
    handover_to_copy,
    handover_to_existing,
)
from codedeploy.plan import Plan
from codedeploy.scaling_hooks import hooks_of
from codedeploy.target_instances import TargetInstances
from codedeploy.waves import floor_for
from workflows.options import LOOK
from workflows.planning.basis import Basis
from workflows.planning.hosts import check_load_balancers, find_hosts, pinned, warnings_of
from workflows.scaling_groups import look


async def make_plan(basis: Basis) -> Plan:
    """Return what a blue/green deployment to servers would do now.

    Raises:
        DeploymentFailure: One of the fleets is empty, or the floor leaves no window.
        InvalidInput: The replacement is not named, or cannot replace the original.
        ActivityError: The revision, the fleets or the load balancers cannot be read.
    """
    basis = basis._replace(held=())  # Those that are held do not serve.
    group = basis.group
    config = await basis.config()
    if config.zonal_config is not None:
        raise DeploymentFailure(
            ErrorCode.HEALTH_CONSTRAINTS_INVALID,
            f"{config.deployment_config_name} goes zone by zone, and {group.full_name} is "
            "BLUE_GREEN, where a fleet is replaced as a whole. Choose one without zonalConfig.",
        )
    revision = await pinned(basis)
    found = await _fleets(basis)
    handover = found.handover
    await check_load_balancers(group, (*handover.blue, *handover.green))
    floor = floor_for(config, handover.size)
    return Plan(
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=config.deployment_config_name,
        revision=revision,
        previous_revision=basis.previous,
        size=handover.size,
        minimum_healthy=floor.minimum_healthy,
        arithmetic=floor.arithmetic,
        waves=(),
        handover=handover,
        warnings=(*warnings_of(found.silent, revision), *found.warnings),
    )


class _Fleets(NamedTuple):
    handover: Handover
    silent: tuple[str, ...]
    warnings: tuple[str, ...] = ()


async def _fleets(basis: Basis) -> _Fleets:
    if _is_copied(basis.group):
        return await _to_copy(basis)
    return await _to_existing(basis)


def _is_copied(group: DeploymentGroup) -> bool:
    rules = group.blue_green_deployment_configuration
    option = rules.green_fleet_provisioning_option if rules else None
    return option is not None and option.action is GreenFleetAction.COPY_AUTO_SCALING_GROUP


async def _to_copy(basis: Basis) -> _Fleets:
    group = basis.group
    if basis.request.target_instances is not None:
        raise InvalidTargetInstances(
            f"{group.full_name} copies its Auto Scaling group (COPY_AUTO_SCALING_GROUP), so the "
            "replacement cannot be named. Leave targetInstances out."
        )
    question = ScalingQuestion(
        names=group.auto_scaling_groups, with_alarms=True, role_arn=group.service_role_arn
    )
    (source,) = await look(question)
    blue = await find_hosts(basis)
    left = alarms_left(source.name, source.alarms)
    return _Fleets(handover_to_copy(group, source), blue.silent, left)


async def _to_existing(basis: Basis) -> _Fleets:
    group, replacement = basis.group, basis.request.target_instances
    if replacement is None or not replacement.names_any:
        raise InvalidTargetInstances(
            f"{group.full_name} is BLUE_GREEN with DISCOVER_EXISTING: say which instances replace "
            "the original, with --target-tag KEY=VALUE or --target-auto-scaling-group NAME."
        )
    blue, green = await find_hosts(basis), await find_hosts(basis, replacement)
    handover = handover_to_existing(
        group,
        replacement,
        blue=tuple(host.name for host in blue.hosts),
        green=tuple(host.name for host in green.hosts),
    )
    await _check_room(basis, replacement)
    return _Fleets(handover, (*green.silent, *blue.silent))


async def _check_room(basis: Basis, replacement: TargetInstances) -> None:
    """Refuse Auto Scaling groups that cannot be given lifecycle hooks when they are to serve."""
    group = replacement.instead_of(basis.group)
    if group.auto_scaling_groups:
        await workflow.execute_activity_method(
            LifecycleHooks.check_room,
            hooks_of(group, basis.deployment_group_id),
            summary=f"Look at the lifecycle hooks of {', '.join(group.auto_scaling_groups)}"[:200],
            **LOOK,
        )
