"""Taking a deployment back, and telling its group how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, ChildWorkflowError
from temporalio.workflow import ChildWorkflowHandle

from activities import search_attributes
from activities.deployments import Deployments
from codedeploy.deployment import Creator, DeploymentInfo, DeploymentOutcome
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.identifiers import group_workflow_id, new_deployment_id
from codedeploy.plan import Plan
from codedeploy.rollback import RollbackDecision, bystanders
from codedeploy.waves import rollback_waves
from workflows.options import QUICK
from workflows.orders import DeploymentOrder

Rollback = ChildWorkflowHandle[Any, DeploymentInfo]


def order_of_rollback(
    failed: DeploymentOrder, plan: Plan, decision: RollbackDecision
) -> DeploymentOrder:
    """Return the order that takes `failed` back: the touched instances, the floor unchanged."""
    assert decision.revision is not None
    waves = rollback_waves(decision.targets, size=plan.size, minimum_healthy=plan.minimum_healthy)
    return DeploymentOrder(
        deployment_id=new_deployment_id(workflow.random().choice),
        request=failed.request.model_copy(
            update={
                "revision": decision.revision.revision,
                "description": f"Takes back {failed.deployment_id}",
                "ignore_application_stop_failures": True,
            }
        ),
        group=failed.group,
        deployment_group_id=failed.deployment_group_id,
        known=failed.known,
        previous=plan.revision,
        creator=Creator.ROLLBACK,
        create_time=workflow.now(),
        plan=plan.model_copy(
            update={
                "revision": decision.revision,
                "previous_revision": plan.revision,
                "waves": waves,
                "bystanders": bystanders(plan, failed.known, touched=decision.targets),
            }
        ),
        rollback_of=failed.deployment_id,
    )


def what_was_put_back(info: DeploymentInfo) -> str:
    """Return what became of the target of a deployment that puts back what it changed itself.

    Whatever was put back is among the messages of the deployment; a blue/green deployment to
    servers has batches as well.
    """
    if info.undo_problems:
        return f"Not everything could be put back: {' '.join(info.undo_problems)}"
    if info.batches:
        return (
            "The original serves as before the deployment. A replacement that was not deleted "
            "keeps what was installed on it, without traffic."
        )
    if not info.deployment_status_messages:
        return "Nothing was changed, so there is nothing to put back."
    return "Everything was put back: the target is as it was before the deployment."


def attributes_of(order: DeploymentOrder, label: str) -> TypedSearchAttributes:
    """Return the search attributes of a deployment that is about to start."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(search_attributes.APPLICATION, order.group.application_name),
            SearchAttributePair(search_attributes.DEPLOYMENT_GROUP, order.group.full_name),
            SearchAttributePair(search_attributes.DEPLOYMENT_STATUS, "Created"),
            SearchAttributePair(search_attributes.CREATOR, order.creator.value),
            SearchAttributePair(search_attributes.REVISION, label),
        ]
    )


async def start_rollback(
    order: DeploymentOrder, run: Callable[..., Awaitable[DeploymentInfo]]
) -> Rollback:
    """Start the rollback and return when its workflow exists."""
    label = _label_of(order)
    return await workflow.start_child_workflow(
        run,
        order,
        id=order.deployment_id,
        static_summary=f"Roll back {order.group.full_name} to {label}",
        search_attributes=attributes_of(order, label),
    )


async def outcome_of_rollback(order: DeploymentOrder, rollback: Rollback) -> str:
    """Wait for the rollback's end and return what came of it, in a sentence."""
    label = _label_of(order)
    try:
        await rollback
    except ChildWorkflowError as error:
        return (
            f"Rollback {order.deployment_id} to {label} did not succeed: {error.cause}. Look at "
            f"it with: rollway status {order.deployment_id}"
        )
    return f"Rolled back to {label} by {order.deployment_id}"


def _label_of(order: DeploymentOrder) -> str:
    assert order.plan is not None
    return order.plan.revision.label


async def tell_group(group: DeploymentGroup, outcome: DeploymentOutcome) -> None:
    """Tell the group how the deployment ended, before anything is taken back.

    A group that is gone (somebody terminated its workflow) must not keep a rollback from running.
    """
    workflow_id = group_workflow_id(group.application_name, group.deployment_group_name)
    handle = workflow.get_external_workflow_handle(workflow_id)
    try:
        await handle.signal("deployment_ended", outcome)
    except ApplicationError as error:
        ended = f"{outcome.deployment_id} {outcome.status}"
        workflow.logger.warning("%s was not told of %s: %s", workflow_id, ended, error)


async def end_cancelled(deployment_id: str) -> None:
    """Never return: end as cancelled, which is how a stopped deployment shows in the Web UI.

    A workflow can only end cancelled if its cancellation was requested, and it cannot request
    that of itself.
    """
    if workflow.cancellation_reason() is None:
        await workflow.execute_activity_method(
            Deployments.cancel, deployment_id, summary="End as stopped", **QUICK
        )
        await workflow.wait_condition(lambda: False)
    raise asyncio.CancelledError
