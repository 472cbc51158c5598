"""Making a plan without deploying; the workflow keeps it, to hold a deployment to it."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.deployments import Deployments
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import RollwayError
from codedeploy.traffic_plan import AnyPlan
from workflows.options import QUICK
from workflows.planning import Basis, make_plan


@workflow.defn
class PlanWorkflow:
    """Answers what a deployment would do now; its id is the plan id."""

    @workflow.run
    async def run(self, request: DeploymentRequest) -> AnyPlan:
        """Return the plan of `request`."""
        info = await workflow.execute_activity_method(
            Deployments.load_group, request.group_name, summary="Look up the group", **QUICK
        )
        try:
            plan = await make_plan(Basis.of_group(request, info))
        except RollwayError as error:
            raise ApplicationError(error.message, type=error.code, non_retryable=True) from error
        return plan.model_copy(update={"plan_id": workflow.info().workflow_id})
