"""Reading and ending deployments, plans and groups through Temporal itself."""

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from activities.translation import not_found
from codedeploy.errors import DeploymentGroupDoesNotExist, PlanDoesNotExist
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.identifiers import group_workflow_id
from codedeploy.plan import Plan


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
            raise not_found(
                error,
                DeploymentGroupDoesNotExist(
                    f"There is no deployment group {full_name}. List them with: rollway get groups"
                ),
            ) from error
        return info

    @activity.defn
    async def load_plan(self, plan_id: str) -> Plan:
        """Return the plan that was made under that id; reads only."""
        handle = self._client.get_workflow_handle(plan_id, result_type=Plan)
        try:
            plan: Plan = await handle.result()
        except RPCError as error:
            raise not_found(
                error, PlanDoesNotExist(f"There is no plan {plan_id}. Make one with: rollway plan")
            ) from error
        return plan

    @activity.defn
    async def cancel(self, deployment_id: str) -> None:
        """Request the cancellation of a deployment; a second call changes nothing."""
        await self._client.get_workflow_handle(deployment_id).cancel()
