"""What a deployment group may ask for that Rollway does not carry out yet."""

from codedeploy.application import ComputePlatform
from codedeploy.deployment_group import DeploymentGroup, DeploymentOption, DeploymentType
from codedeploy.errors import UnsupportedOperation


def check_supported(group: DeploymentGroup) -> None:
    """Accept a group that every one of its settings can be honoured for.

    Raises:
        UnsupportedOperation: A setting would be ignored; every such setting is named.
    """
    found = [name for name, is_asked_for in _unsupported(group).items() if is_asked_for]
    if found:
        raise UnsupportedOperation(
            f"{group.full_name}: Rollway does not carry out {', '.join(found)} yet. Leave it out; "
            "nothing was applied."
        )


def _unsupported(group: DeploymentGroup) -> dict[str, bool]:
    style = group.deployment_style
    alarms = group.alarm_configuration or {}
    return {
        f"the platform {group.compute_platform}": group.compute_platform
        is not ComputePlatform.SERVER,
        "deploymentType BLUE_GREEN": style.deployment_type is DeploymentType.BLUE_GREEN,
        "WITH_TRAFFIC_CONTROL": style.deployment_option is DeploymentOption.WITH_TRAFFIC_CONTROL,
        "loadBalancerInfo": bool(group.load_balancer_info),
        "autoScalingGroups": bool(group.auto_scaling_groups),
        "ecsServices": bool(group.ecs_services),
        "alarmConfiguration": bool(alarms.get("enabled")),
        "triggerConfigurations": bool(group.trigger_configurations),
        "terminationHookEnabled": group.termination_hook_enabled,
    }
