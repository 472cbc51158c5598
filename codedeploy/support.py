"""What a deployment group may ask for that Rollway does not carry out yet."""

from codedeploy.application import ComputePlatform
from codedeploy.deployment_group import DeploymentGroup, DeploymentType
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
    return {"triggerConfigurations": bool(group.trigger_configurations)} | (
        _unsupported_on_servers(group) if group.compute_platform is ComputePlatform.SERVER else {}
    )


def _unsupported_on_servers(group: DeploymentGroup) -> dict[str, bool]:
    style = group.deployment_style
    return {
        "deploymentType BLUE_GREEN": style.deployment_type is DeploymentType.BLUE_GREEN,
        "autoScalingGroups": bool(group.auto_scaling_groups),
        "terminationHookEnabled": group.termination_hook_enabled,
    }
