"""Rules that a deployment group keeps when it has Auto Scaling groups, or has none.

Source: CodeDeploy API Reference, CreateDeploymentGroup; User Guide, Integrating CodeDeploy with
Amazon EC2 Auto Scaling.
"""

from collections.abc import Iterator

from codedeploy.deployment_group import DeploymentGroup, EC2DeploymentOptions
from codedeploy.errors import (
    InvalidAutoScalingGroup,
    InvalidAutoScalingGroupProcessToSuspend,
    InvalidBlueGreenDeploymentConfiguration,
    InvalidInput,
    InvalidLoadBalancerInfo,
)


def scaling_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    """Yield every rule about Auto Scaling groups that a group of servers breaks."""
    names = group.auto_scaling_groups
    if not names and group.termination_hook_enabled:
        yield InvalidAutoScalingGroup(
            "terminationHookEnabled is for instances of autoScalingGroups, and none is named"
        )
    if not names and group.lifecycle_notifications is not None:
        yield InvalidAutoScalingGroup(
            "lifecycleNotifications is for instances of autoScalingGroups, and none is named"
        )
    if names and group.load_balancer_info and group.load_balancer_info.ha_proxy_info_list:
        yield InvalidLoadBalancerInfo(
            "haProxyInfoList names servers that HAProxy knows beforehand, and autoScalingGroups "
            "launch new ones: use a target group"
        )
    yield from suspension_violations(group, group.ec2_deployment_options)


def suspension_violations(
    group: DeploymentGroup, options: EC2DeploymentOptions | None
) -> Iterator[InvalidInput]:
    """Yield why no process can be suspended during deployments to a group, if any is named."""
    if options is None or not options.auto_scaling_group_processes_to_suspend:
        return
    if not group.auto_scaling_groups or group.is_blue_green:
        yield InvalidAutoScalingGroupProcessToSuspend(
            "autoScalingGroupProcessesToSuspend is for in-place deployments to autoScalingGroups"
        )


def copy_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    """Yield why the fleet of a blue/green group cannot be replaced by a copy of it."""
    if len(group.auto_scaling_groups) != 1:
        yield InvalidAutoScalingGroup(
            "COPY_AUTO_SCALING_GROUP: expected exactly one of autoScalingGroups, found "
            f"{len(group.auto_scaling_groups)}"
        )
    tags = (
        *(group.ec2_tag_filters, group.ec2_tag_set),
        *(group.on_premises_instance_tag_filters, group.on_premises_tag_set),
    )
    if any(tags):
        yield InvalidBlueGreenDeploymentConfiguration(
            "COPY_AUTO_SCALING_GROUP copies an Auto Scaling group and nothing else: remove the tag "
            "filters"
        )
