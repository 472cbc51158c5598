"""What a deployment group may ask for that Rollway does not carry out yet."""

from codedeploy.deployment_group import DeploymentGroup
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
    return {"triggerConfigurations": bool(group.trigger_configurations)}
