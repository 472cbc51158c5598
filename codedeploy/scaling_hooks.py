"""Which lifecycle hooks a deployment group needs in its Auto Scaling groups."""

from collections.abc import Iterable

from codedeploy.auto_scaling import HooksOrder
from codedeploy.deployment_group import DeploymentGroup


def hooks_of(group: DeploymentGroup, deployment_group_id: str) -> HooksOrder:
    """Return the lifecycle hooks of `group`, in all its Auto Scaling groups."""
    notifications = group.lifecycle_notifications
    return HooksOrder(
        deployment_group_name=group.deployment_group_name,
        deployment_group_id=deployment_group_id,
        names=group.auto_scaling_groups,
        has_termination_hook=group.termination_hook_enabled,
        queue_arn=notifications.queue_arn if notifications else None,
        queue_role_arn=notifications.role_arn if notifications else None,
        role_arn=group.service_role_arn,
    )


def stale_hooks(put: Iterable[HooksOrder], wanted: HooksOrder) -> tuple[HooksOrder, ...]:
    """Return those of the hooks that have been put which nobody wants any more."""
    left = (
        one.model_copy(update={"names": tuple(n for n in one.names if n not in wanted.names)})
        for one in put
    )
    return tuple(dict.fromkeys(one for one in left if one.names))
