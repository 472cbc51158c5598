"""The end of what a deployment replaced: some time after its success, or at once."""

from datetime import datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo, Wait
from codedeploy.errors import DeploymentAlreadyCompleted
from codedeploy.identifiers import termination_workflow_id
from codedeploy.traffic_plan import ANY_PLAN, AnyPlan
from starter.connection import PATIENCE, in_words


async def with_termination(client: Client, info: DeploymentInfo) -> DeploymentInfo:
    """Return `info`, waiting for the end of its original if that is still to come.

    A deployment that has ended does not know what became of it since.
    """
    if not (info.status.is_final and info.instance_termination_wait_time_started):
        return info
    with in_words():
        began = await _began(client, info.deployment_id)
        if began is None:
            return info
        plan: AnyPlan = await client.get_workflow_handle(info.deployment_id).query(
            "plan", result_type=ANY_PLAN, rpc_timeout=PATIENCE
        )
    until = began + timedelta(minutes=plan.termination_wait_minutes)
    wait = Wait(reason=f"the end of the {_original(info)}", until=until)
    return info.model_copy(update={"wait": wait})


async def _began(client: Client, deployment_id: str) -> datetime | None:
    """Return since when the end of the original is under way; None if it is not, or was."""
    handle = client.get_workflow_handle(termination_workflow_id(deployment_id))
    try:
        description = await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    is_running = description.status is WorkflowExecutionStatus.RUNNING
    return description.start_time if is_running else None


async def finish(client: Client, info: DeploymentInfo) -> str:
    """End the wait before the original is ended; return what happens now.

    Raises:
        DeploymentAlreadyCompleted: There is no such wait, or it is over.
    """
    over = DeploymentAlreadyCompleted(
        f"{info.deployment_id} has ended ({info.status}) and waits for nothing: there is nothing "
        "to continue."
    )
    with in_words(over):
        await client.get_workflow_handle(termination_workflow_id(info.deployment_id)).signal(
            "finish", rpc_timeout=PATIENCE
        )
    if info.compute_platform is ComputePlatform.SERVER:
        return "Continuing: the original instances are terminated now."
    return "Continuing: the original task set is deleted now."


def _original(info: DeploymentInfo) -> str:
    if info.compute_platform is ComputePlatform.SERVER:
        return "original instances"
    return "original task set"
