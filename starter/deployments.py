"""Planning, starting and steering deployments."""

import random
from typing import NamedTuple, cast

from temporalio.client import WorkflowExecution

from activities import search_attributes
from codedeploy.alarm import AlarmConfiguration
from codedeploy.deployment import DeploymentStatus, InterventionRequest, check_deployment_id
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentDoesNotExist,
    LifecycleEventAlreadyCompleted,
    PlanDoesNotExist,
    PlanNoLongerHolds,
    Refused,
    RollwayError,
)
from codedeploy.group_info import DeploymentGroupInfo, no_group, revision_to_go_back_to
from codedeploy.hook import HookReport
from codedeploy.identifiers import group_workflow_id, new_plan_id
from codedeploy.revision import pinned_again
from codedeploy.steering import Verb
from codedeploy.target_instances import TargetInstances
from codedeploy.traffic_plan import AnyPlan, changes_between
from starter.answers import DeploymentRow
from starter.connection import PATIENCE, in_words
from starter.termination import finish
from starter.watching import Watching
from workflows.options import CONTROL_QUEUE
from workflows.plan import PlanWorkflow


class WayBack(NamedTuple):
    """How a group goes back by hand.

    Attributes:
        to: The label of a revision; None for the last good one.
        ignores_alarms: The group's alarms neither prevent nor stop it.
        target_instances: The replacement, in a blue/green group.
    """

    to: str | None = None
    ignores_alarms: bool = False
    target_instances: TargetInstances | None = None


class Deployments(Watching):
    """What is going to run, and what becomes of it."""

    async def plan(self, request: DeploymentRequest) -> AnyPlan:
        """Return what `request` would do now; the plan is kept under its `plan_id`."""
        with in_words(no_group(request.group_name)):
            plan: AnyPlan = await self._client.execute_workflow(
                PlanWorkflow.run,
                request,
                id=new_plan_id(random.SystemRandom().choice),
                task_queue=CONTROL_QUEUE,
                static_summary=f"Plan a deployment to {request.group_name}",
            )
        return plan

    async def deploy(self, request: DeploymentRequest) -> str:
        """Start a deployment and return its id.

        Raises:
            DeploymentLimitExceeded: The group has an active deployment and its policy is REJECT.
            PlanNoLongerHolds: `plan_id` was given and something changed; nothing was started.
        """
        if request.plan_id is not None:
            await self._check_plan(request, request.plan_id)
        handle = self._client.get_workflow_handle(
            group_workflow_id(request.application_name, request.deployment_group_name)
        )
        with in_words(no_group(request.group_name)):
            deployment_id: str = await handle.execute_update(
                "create_deployment", request, result_type=str
            )
        return deployment_id

    async def _check_plan(self, request: DeploymentRequest, plan_id: str) -> None:
        missing = PlanDoesNotExist(
            f"There is no plan {plan_id}. Make one with: rollway plan {request.group_name}"
        )
        kind = cast("type[AnyPlan]", AnyPlan)
        with in_words(missing):
            agreed = await self._client.get_workflow_handle(plan_id, result_type=kind).result()
        changes = changes_between(agreed, await self.plan(request))
        if changes:
            raise PlanNoLongerHolds(
                f"Plan {plan_id} no longer holds: {'; '.join(changes)}. Nothing was started. Make "
                f"a new one with: rollway plan {request.group_name}"
            )

    async def rollback(self, application: str, group: str, way: WayBack | None = None) -> str:
        """Deploy the group's last good revision, or the one that is named; return the new id."""
        way = way or WayBack()
        missing = no_group(f"{application}/{group}")
        with in_words(missing):
            info = await self._client.get_workflow_handle(
                group_workflow_id(application, group)
            ).query("info", result_type=DeploymentGroupInfo, rpc_timeout=PATIENCE)
        revision = revision_to_go_back_to(info, way.to)
        return await self.deploy(
            DeploymentRequest(
                application_name=application,
                deployment_group_name=group,
                revision=pinned_again(revision),
                description=f"Goes back to {revision.label}",
                ignore_application_stop_failures=True,
                override_alarm_configuration=AlarmConfiguration() if way.ignores_alarms else None,
                takes_current_as_found=True,
                target_instances=way.target_instances,
            )
        )

    async def deployments(
        self, *, group: str | None = None, status: DeploymentStatus | None = None, limit: int = 50
    ) -> list[DeploymentRow]:
        """Return deployments, newest first; a group is `application/group`."""
        query = "WorkflowType = 'DeploymentWorkflow'"
        if group is not None:
            query += f" AND {search_attributes.DEPLOYMENT_GROUP.name} = '{_quoted(group)}'"
        if status is not None:
            query += f" AND {search_attributes.DEPLOYMENT_STATUS.name} = '{status.value}'"
        with in_words():
            listed = self._client.list_workflows(query, limit=limit)
            return [_row(execution) async for execution in listed]

    async def intervene(self, deployment_id: str, verb: str, request: InterventionRequest) -> str:
        """Stop, pause, resume, approve, reject or roll back; return what happens now.

        Raises:
            DeploymentAlreadyCompleted: It has ended.
            DeploymentIsNotInReadyState: It waits for no approval.
        """
        handle = self._client.get_workflow_handle(check_deployment_id(deployment_id))
        missing = await self._missing_or_over(deployment_id)
        with in_words(missing):
            answer: str = await handle.execute_update(verb, request, result_type=str)
        return answer

    async def continue_deployment(self, deployment_id: str, request: InterventionRequest) -> str:
        """End the wait that a deployment is in; return what happens now.

        A running one that is ready moves its traffic. One that succeeded, and keeps the original
        task set for a while, deletes it.

        Raises:
            DeploymentIsNotInReadyState: It runs, and waits for nobody.
            DeploymentAlreadyCompleted: It has ended, and its original is gone.
        """
        info = await self.deployment(deployment_id)
        if info.status.is_final:
            return await finish(self._client, info)
        return await self.intervene(deployment_id, Verb.CONTINUE, request)

    async def hook_status(self, deployment_id: str, report: HookReport) -> str:
        """Give the verdict of a hook function; return the id of its execution.

        Raises:
            InvalidLifecycleEventHookExecutionId: The deployment awaits no such verdict.
            LifecycleEventAlreadyCompleted: It has it already, or does not want it any more.
        """
        handle = self._client.get_workflow_handle(check_deployment_id(deployment_id))
        with in_words(await self._missing_or_past_hooks(deployment_id)):
            answer: str = await handle.execute_update(
                "put_lifecycle_event_hook_execution_status", report, result_type=str
            )
        return answer

    async def _missing_or_past_hooks(self, deployment_id: str) -> RollwayError:
        try:
            info = await self.deployment(deployment_id)
        except DeploymentDoesNotExist as error:
            return error
        return LifecycleEventAlreadyCompleted(
            f"{deployment_id} has ended ({info.status}): it awaits no verdict of a hook any more. "
            "Nothing was changed."
        )

    async def _missing_or_over(self, deployment_id: str) -> Refused | DeploymentDoesNotExist:
        try:
            info = await self.deployment(deployment_id)
        except DeploymentDoesNotExist as error:
            return error
        return DeploymentAlreadyCompleted(
            f"{deployment_id} has ended ({info.status}). To go back to an earlier revision: "
            f"rollway rollback {info.application_name}/{info.deployment_group_name}"
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _row(execution: WorkflowExecution) -> DeploymentRow:
    attributes = execution.typed_search_attributes
    group = attributes.get(search_attributes.DEPLOYMENT_GROUP) or "/"
    return DeploymentRow(
        deployment_id=execution.id,
        application_name=attributes.get(search_attributes.APPLICATION) or "",
        deployment_group_name=group.partition("/")[2],
        status=DeploymentStatus(
            attributes.get(search_attributes.DEPLOYMENT_STATUS) or DeploymentStatus.CREATED
        ),
        revision_label=attributes.get(search_attributes.REVISION) or "",
        creator=attributes.get(search_attributes.CREATOR) or "",
        create_time=execution.start_time,
        complete_time=execution.close_time,
    )
