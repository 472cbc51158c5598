"""Handing over from one fleet of servers to another: what a blue/green deployment sets out to do.

Source: CodeDeploy User Guide, Overview of an EC2/On-Premises blue/green deployment.
"""

from collections.abc import Mapping, Sequence

from codedeploy.auto_scaling import ScalingGroup
from codedeploy.blue_green import BlueGreenDeploymentConfiguration, TerminationAction
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import (
    DeploymentFailure,
    ErrorCode,
    InvalidBlueGreenDeploymentConfiguration,
)
from codedeploy.failures import named
from codedeploy.instances import is_ec2_id
from codedeploy.target_instances import TargetInstances
from codedeploy.wire import Model

Names = tuple[str, ...]


class Handover(Model):
    """Who serves now, who replaces them, and what becomes of the former.

    Attributes:
        blue: The instances that serve now.
        copied: The Auto Scaling group whose copy replaces it; empty if the replacement exists.
        replacement: The existing fleet that replaces it.
        green: Its instances; none are known before a copy is made.
        size: How many there are, or are going to be.
        ready_wait_minutes: How long somebody may take to let traffic move; 0 waits for nobody.
        termination_wait_minutes: How long the original is kept after a success.
    """

    blue: tuple[str, ...]
    copied: str = ""
    replacement: TargetInstances | None = None
    green: tuple[str, ...] = ()
    size: int
    ready_wait_minutes: int = 0
    termination_wait_minutes: int = 0
    action: TerminationAction = TerminationAction.TERMINATE

    @property
    def terminates(self) -> bool:
        """Whether the original is ended after a success."""
        return self.action is TerminationAction.TERMINATE


def handover_to_existing(
    group: DeploymentGroup, replacement: TargetInstances, *, blue: Names, green: Names
) -> Handover:
    """Return the handover that the rules of `group` mean, to a fleet that exists.

    Raises:
        DeploymentFailure: NO_INSTANCES, one of the fleets is empty, or they differ in size.
        InvalidBlueGreenDeploymentConfiguration: They cannot replace one another.
    """
    _check_fleets(group, blue, green)
    handover = _handover(group, blue, len(green))
    _check_end(handover)
    return handover.model_copy(update={"replacement": replacement, "green": green})


def handover_to_copy(group: DeploymentGroup, source: ScalingGroup) -> Handover:
    """Return the handover to a copy of the one Auto Scaling group of `group`.

    Raises:
        DeploymentFailure: NO_INSTANCES, none of its instances is in service.
    """
    blue = source.in_service
    if not blue:
        raise DeploymentFailure(
            ErrorCode.NO_INSTANCES,
            f"{group.full_name}: no instance of the Auto Scaling group {source.name} is in service "
            f"(of {len(source.instances)}), so there is nothing to replace. Wait until its "
            "instances are, and look at its activity history.",
        )
    return _handover(group, blue, len(blue)).model_copy(update={"copied": source.name})


def alarms_left(source: str, alarms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return what a person does about alarms that start the policies of a group, and of no copy.

    Simple and step scaling policies are carried over, but such an alarm names the policy that it
    starts. It may watch anything, so it is not ours to change.

    Args:
        source: The group that is copied.
        alarms: Its alarms, by policy.
    """
    return tuple(
        f"{', '.join(names)} will not start the scaling policy {policy} of the copy of {source}: "
        "add that policy to the actions of the alarm when the copy serves"
        for policy, names in alarms.items()
    )


def _handover(group: DeploymentGroup, blue: Names, size: int) -> Handover:
    rules = group.blue_green_deployment_configuration or BlueGreenDeploymentConfiguration()
    ready = rules.deployment_ready_option
    return Handover(
        blue=blue,
        size=size,
        ready_wait_minutes=ready.wait_time_in_minutes if ready.is_waited_for else 0,
        termination_wait_minutes=rules.termination_wait_minutes,
        action=rules.terminate_blue_instances_on_deployment_success.action,
    )


def _check_fleets(group: DeploymentGroup, blue: Names, green: Names) -> None:
    if not blue or not green:
        which = "the group itself" if not blue else "targetInstances"
        raise DeploymentFailure(
            ErrorCode.NO_INSTANCES,
            f"{group.full_name}: {which} means no instance, and a blue/green deployment needs the "
            "original and the replacement. Compare the tags with: rollway get instances",
        )
    both = tuple(sorted({*blue} & {*green}))
    if both:
        raise InvalidBlueGreenDeploymentConfiguration(
            f"{group.full_name}: {named(both)} would be original and replacement at once. Correct "
            "targetInstances, or the tags of those instances."
        )
    if len(green) != len(blue):
        raise DeploymentFailure(
            ErrorCode.NO_INSTANCES,
            f"{group.full_name}: the replacement must be as large as the original: expected "
            f"{len(blue)} instances, found {len(green)}. Start or stop some, or correct "
            "targetInstances.",
        )


def _check_end(handover: Handover) -> None:
    others = tuple(name for name in handover.blue if not is_ec2_id(name))
    if handover.terminates and others:
        raise InvalidBlueGreenDeploymentConfiguration(
            f"{named(others)}: nothing can terminate instances that are not on EC2. Choose "
            "KEEP_ALIVE in terminateBlueInstancesOnDeploymentSuccess."
        )
