"""Deployments that others have set off, and which of them know nothing of it."""

from contextlib import suppress

from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo, DeploymentStatus
from codedeploy.errors import Refused
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.identifiers import group_workflow_id
from starter.connection import PATIENCE, in_words


async def with_updates(client: Client, info: DeploymentInfo) -> DeploymentInfo:
    """Return `info` with the deployments that brought up to date what was launched meanwhile.

    They begin when it is over, so that only its group remembers them.
    """
    if info.status is not DeploymentStatus.SUCCEEDED:
        return info
    group = client.get_workflow_handle(
        group_workflow_id(info.application_name, info.deployment_group_name)
    )
    with suppress(Refused), in_words(Refused("The group is gone, and its memory with it.")):
        known = await group.query("info", result_type=DeploymentGroupInfo, rpc_timeout=PATIENCE)
        return _with_updates(info, known)
    return info


def _with_updates(info: DeploymentInfo, known: DeploymentGroupInfo) -> DeploymentInfo:
    ids = [one.deployment_id for one in known.history if one.root == info.deployment_id]
    related = info.related_deployments.model_copy(
        update={"auto_update_outdated_instances_deployment_ids": (*reversed(ids),)}
    )
    return info.model_copy(update={"related_deployments": related})
