"""Who or what asked for a deployment, in words."""

from codedeploy.deployment import Creator, DeploymentInfo
from codedeploy.group_info import OF_ONE_INSTANCE
from starter.render.lines import Part
from starter.render.statuses import HELD

CREATORS: dict[str, str] = {
    Creator.ROLLBACK: "rollback",
    Creator.AUTO_SCALING: "Auto Scaling launch",
    Creator.AUTO_SCALING_TERMINATION: "Auto Scaling termination",
    Creator.AUTO_UPDATE: "update of outdated instances",
}
"""Those that are no person."""


def kind_of(info: DeploymentInfo) -> tuple[Part, ...]:
    """Return what sort of deployment it is, behind its title; nothing if a person asked for it."""
    kind = CREATORS.get(info.creator)
    root = info.related_deployments.auto_update_outdated_instances_root_deployment_id
    of = info.rollback_info.rollback_triggering_deployment_id or root
    if kind is None:
        return ()
    return (f"   {kind}", HELD), f" of {of}" if of else ""


def is_of_one_instance(info: DeploymentInfo) -> bool:
    """Whether it deploys to one instance on its way into or out of an Auto Scaling group."""
    return info.creator in OF_ONE_INSTANCE
