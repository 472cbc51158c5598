"""The end of what a deployment replaced: some time after its success, or at once."""

from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo, DeploymentStatus, Wait
from codedeploy.errors import DeploymentAlreadyCompleted
from codedeploy.identifiers import termination_workflow_id
from codedeploy.traffic_plan import ANY_PLAN, AnyPlan
from starter.connection import PATIENCE, in_words


async def with_termination(client: Client, info: DeploymentInfo) -> DeploymentInfo:
    """Return `info` with what became of its original since: still to be ended, or left behind.

    A deployment that has ended does not know that itself.
    """
    if not _leaves_an_original(info):
        return info
    handle = client.get_workflow_handle(termination_workflow_id(info.deployment_id))
    with in_words():
        end = await _described(handle)
        if end is None:
            return info
        if end.status is WorkflowExecutionStatus.RUNNING:
            return await _waiting(client, info, began=end.start_time)
        problem = await _problem(handle)
    if not problem:
        return info
    left = f"the end of the {_original(info)}: {problem}"
    return info.model_copy(update={"undo_problems": (*info.undo_problems, left)})


def _leaves_an_original(info: DeploymentInfo) -> bool:
    has_two = info.is_blue_green and info.compute_platform is not ComputePlatform.LAMBDA
    return has_two and info.status is DeploymentStatus.SUCCEEDED


async def _described(handle: WorkflowHandle[Any, Any]) -> WorkflowExecutionDescription | None:
    """Return what is known of the workflow that ends an original; None if there is none."""
    try:
        return await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _waiting(client: Client, info: DeploymentInfo, *, began: datetime) -> DeploymentInfo:
    if not info.instance_termination_wait_time_started:
        return info
    plan: AnyPlan = await client.get_workflow_handle(info.deployment_id).query(
        "plan", result_type=ANY_PLAN, rpc_timeout=PATIENCE
    )
    until = began + timedelta(minutes=plan.termination_wait_minutes)
    wait = Wait(reason=f"the end of the {_original(info)}", until=until)
    return info.model_copy(update={"wait": wait})


async def _problem(handle: WorkflowHandle[Any, Any]) -> str:
    """Return why an original is still there; empty if all is done."""
    try:
        await handle.result()
    except WorkflowFailureError as error:
        cause: BaseException | None = error
        while isinstance(cause, WorkflowFailureError | ActivityError):
            cause = cause.cause
        return cause.message if isinstance(cause, ApplicationError) else str(cause)
    return ""


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
