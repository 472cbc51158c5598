"""The end of the original of a blue/green deployment, on servers and on ECS.

It comes after the success, maybe days later, from a workflow of its own: the group is free
meanwhile, and its next deployment sees to that end first.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.exceptions import TimeoutError as TemporalTimeout
from temporalio.workflow import ParentClosePolicy

from activities.deployments import Deployments
from codedeploy.deployment import Termination
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.identifiers import termination_workflow_id
from workflows.options import awaiting
from workflows.orders import DeploymentOrder, TerminationOrder
from workflows.planning import Basis
from workflows.termination import FINISHING_LIMIT, TerminationWorkflow
from workflows.undo import to_the_end


class Ending:
    """Sees to the original of the deployment before, and leaves the own one to its end.

    Attributes:
        termination: What the deployment has left to do; None before its success.
    """

    def __init__(self, order: DeploymentOrder) -> None:
        self._order = order
        self.termination: Termination | None = None

    async def basis(self) -> Basis:
        """Return what the plan is made from, once the deployment before has nothing left to do.

        Raises:
            DeploymentFailure: TIMEOUT, its original takes too long to go.
        """
        if self._order.termination is not None:
            await _finished(self._order.termination.workflow_id)
        return Basis.of_order(self._order)._replace(termination=None)

    async def leave(self, end: TerminationOrder, *, summary: str, task_set: str = "") -> None:
        """Leave the original to a workflow of its own; `Tools.commit` must have been called.

        Cancelling a deployment that waits for the start of a child cancels that child. This one
        must live: nobody else would end the original.
        """
        workflow_id = termination_workflow_id(self._order.deployment_id)
        await to_the_end(_started(end, workflow_id, summary))
        self.termination = Termination(workflow_id=workflow_id, task_set=task_set)


async def _finished(workflow_id: str) -> None:
    try:
        await workflow.execute_activity_method(
            Deployments.finish_termination,
            workflow_id,
            summary="End the original of the deployment before",
            **awaiting(FINISHING_LIMIT),
        )
    except ActivityError as error:
        if not isinstance(error.cause, TemporalTimeout):
            raise
        raise DeploymentFailure(ErrorCode.TIMEOUT, _still_there(workflow_id)) from error


def _still_there(workflow_id: str) -> str:
    minutes = FINISHING_LIMIT.total_seconds() / 60
    return (
        f"The original of the deployment before was not gone within {minutes:.0f} min, and nothing "
        "else was changed. What keeps it is told by: temporal workflow describe --workflow-id "
        f"{workflow_id}. Deploy again when it has gone."
    )


async def _started(end: TerminationOrder, workflow_id: str, summary: str) -> None:
    await workflow.start_child_workflow(
        TerminationWorkflow.run,
        end,
        id=workflow_id,
        parent_close_policy=ParentClosePolicy.ABANDON,
        static_summary=summary,
    )
