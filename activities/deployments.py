"""Reading and ending deployments, plans and groups through Temporal itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from activities.translation import final, not_found
from codedeploy.errors import PlanDoesNotExist
from codedeploy.group_info import DeploymentGroupInfo, no_group
from codedeploy.identifiers import group_workflow_id
from codedeploy.traffic_plan import ANY_PLAN, AnyPlan

_BEAT_SECONDS = 5


class Deployments:
    """What workflows must ask of other workflows and cannot ask as workflows."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def load_group(self, full_name: str) -> DeploymentGroupInfo:
        """Return all that is known of the group `application/group`; reads only."""
        application, _, group = full_name.partition("/")
        handle = self._client.get_workflow_handle(group_workflow_id(application, group))
        try:
            info: DeploymentGroupInfo = await handle.query("info", result_type=DeploymentGroupInfo)
        except RPCError as error:
            raise not_found(error, no_group(full_name)) from error
        if not info.is_defined:
            raise final(no_group(full_name))
        return info

    @activity.defn
    async def load_plan(self, plan_id: str) -> AnyPlan:
        """Return the plan that was made under that id; reads only."""
        handle = self._client.get_workflow_handle(plan_id, result_type=ANY_PLAN)
        try:
            plan: AnyPlan = await handle.result()
        except RPCError as error:
            raise not_found(
                error, PlanDoesNotExist(f"There is no plan {plan_id}. Make one with: rollway plan")
            ) from error
        return plan

    @activity.defn
    async def finish_termination(self, workflow_id: str) -> None:
        """Let a termination end its wait, and return when it is over; a second call waits too.

        One that failed, or that nobody knows any more, is over: what it left is found by the plan.
        """
        handle = self._client.get_workflow_handle(workflow_id)
        with _gone_is_fine():
            await handle.signal("finish")
        over = asyncio.create_task(handle.result())
        try:
            while not (await asyncio.wait({over}, timeout=_BEAT_SECONDS))[0]:
                activity.heartbeat()
            with _gone_is_fine():
                await over
        except WorkflowFailureError as error:
            activity.logger.warning("%s has not ended well: %s", workflow_id, error.cause)
        finally:
            over.cancel()

    @activity.defn
    async def cancel(self, deployment_id: str) -> None:
        """Request the cancellation of a deployment; a second call changes nothing."""
        await self._client.get_workflow_handle(deployment_id).cancel()


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Pass over a workflow that has ended, or that nobody knows any more."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
