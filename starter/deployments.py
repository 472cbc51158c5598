"""Planning, starting, watching and steering deployments."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import chain
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowHandle

from activities import search_attributes
from codedeploy.commands import LogPiece, LogRequest
from codedeploy.deployment import (
    BatchStatus,
    BatchSummary,
    DeploymentInfo,
    DeploymentOverview,
    DeploymentRequest,
    DeploymentStatus,
    InterventionRequest,
    TargetResult,
    TargetStatus,
    check_deployment_id,
)
from codedeploy.errors import (
    DeploymentAlreadyCompleted,
    DeploymentDoesNotExist,
    DeploymentGroupDoesNotExist,
    DeploymentTargetDoesNotExist,
    PlanDoesNotExist,
    PlanNoLongerHolds,
    Refused,
)
from codedeploy.group_info import DeploymentGroupInfo, revision_to_go_back_to
from codedeploy.identifiers import group_workflow_id, new_plan_id
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.plan import Plan, differences
from codedeploy.revision import pinned_again
from starter.answers import DeploymentRow
from starter.connection import PATIENCE, in_words
from starter.progress import is_slow, with_progress
from workflows.log import LogQuestion, LogWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.plan import PlanWorkflow

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds between two looks at a deployment: short while it changes, longer while it does not."""


class Deployments:
    """What runs, ran, and is going to run."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def plan(self, request: DeploymentRequest) -> Plan:
        """Return what `request` would do now; the plan is kept under its `plan_id`."""
        with in_words(_no_group(request.group_name)):
            plan: Plan = await self._client.execute_workflow(
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
        with in_words(_no_group(request.group_name)):
            deployment_id: str = await handle.execute_update(
                "create_deployment", request, result_type=str
            )
        return deployment_id

    async def _check_plan(self, request: DeploymentRequest, plan_id: str) -> None:
        missing = PlanDoesNotExist(
            f"There is no plan {plan_id}. Make one with: rollway plan {request.group_name}"
        )
        with in_words(missing):
            agreed = await self._client.get_workflow_handle(plan_id, result_type=Plan).result()
        changes = differences(agreed, await self.plan(request))
        if changes:
            raise PlanNoLongerHolds(
                f"Plan {plan_id} no longer holds: {'; '.join(changes)}. Nothing was started. Make "
                f"a new one with: rollway plan {request.group_name}"
            )

    async def rollback(self, application: str, group: str, *, to: str | None = None) -> str:
        """Deploy the group's last good revision, or the one `to` names; return the new id."""
        missing = _no_group(f"{application}/{group}")
        with in_words(missing):
            info = await self._client.get_workflow_handle(
                group_workflow_id(application, group)
            ).query("info", result_type=DeploymentGroupInfo, rpc_timeout=PATIENCE)
        revision = revision_to_go_back_to(info, to)
        return await self.deploy(
            DeploymentRequest(
                application_name=application,
                deployment_group_name=group,
                revision=pinned_again(revision),
                description=f"Goes back to {revision.label}",
                ignore_application_stop_failures=True,
            )
        )

    async def deployment(self, deployment_id: str) -> DeploymentInfo:
        """Return where a deployment stands, with its running batches counted host by host.

        Raises:
            DeploymentDoesNotExist: Nobody knows the id.
        """
        info: DeploymentInfo = await self._ask(deployment_id, "info", DeploymentInfo)
        running = {
            batch.number: await self._results_of(batch)
            for batch in info.batches
            if batch.status is BatchStatus.IN_PROGRESS
        }
        if not running:
            return info
        batches = tuple(_counted(batch, running.get(batch.number)) for batch in info.batches)
        return info.model_copy(
            update={
                "batches": batches,
                "deployment_overview": _overview(info, batches),
                "slow_targets": tuple(filter(is_slow, chain(*running.values()))),
            }
        )

    async def _results_of(self, batch: BatchSummary) -> list[TargetResult]:
        """Return the batch's targets; none if it was ordered and has not started yet."""
        handle = self._client.get_workflow_handle(batch.workflow_id)
        try:
            with in_words():
                results: list[TargetResult] = await handle.query(
                    "targets", result_type=list[TargetResult], rpc_timeout=PATIENCE
                )
                if any(map(is_slow, results)):
                    results = await with_progress(results, handle, self._client.data_converter)
        except Refused:
            return []
        return results

    async def targets(self, deployment_id: str) -> list[TargetResult]:
        """Return every target of a deployment with its lifecycle events, in deployment order."""
        info: DeploymentInfo = await self._ask(deployment_id, "info", DeploymentInfo)
        plan: Plan | None = await self._ask(deployment_id, "plan", Plan)
        found: dict[str, TargetResult] = {}
        for batch in info.batches:
            found |= {result.target_id: result for result in await self._results_of(batch)}
        unseen = TargetStatus.SKIPPED if info.status.is_final else TargetStatus.PENDING
        names = plan.targets if plan is not None else ()
        results = [found.get(name, TargetResult(target_id=name)) for name in names]
        return [
            result.model_copy(update={"status": unseen})
            if result.status is TargetStatus.PENDING
            else result
            for result in results
        ]

    async def target(self, deployment_id: str, target: str) -> TargetResult:
        """Return one target of a deployment.

        Raises:
            DeploymentTargetDoesNotExist: The deployment has no target of that name.
        """
        results = await self.targets(deployment_id)
        for result in results:
            if result.target_id == target:
                return result
        names = ", ".join(result.target_id for result in results[:10]) or "none yet"
        raise DeploymentTargetDoesNotExist(
            f"{deployment_id} has no target {target!r}. Its targets: {names}"
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

    async def _missing_or_over(self, deployment_id: str) -> Refused | DeploymentDoesNotExist:
        try:
            info = await self.deployment(deployment_id)
        except DeploymentDoesNotExist as error:
            return error
        return DeploymentAlreadyCompleted(
            f"{deployment_id} has ended ({info.status}). To go back to an earlier revision: "
            f"rollway rollback {info.application_name}/{info.deployment_group_name}"
        )

    async def watch(self, deployment_id: str) -> AsyncIterator[DeploymentInfo]:
        """Yield the deployment at every change, then the rollback it set off, to their ends.

        When it is exhausted the group is free for the next deployment.
        """
        following: str | None = None
        async for info in self._story(deployment_id):
            following = info.rollback_info.rollback_deployment_id
            yield info
        if following is not None:
            async for info in self._story(following):
                yield info
        await self._until_released(deployment_id)

    async def _story(self, deployment_id: str) -> AsyncIterator[DeploymentInfo]:
        """Yield one deployment at every change, to its verdict and the choice of a rollback."""
        last: DeploymentInfo | None = None
        pause = SHORTEST_PAUSE
        while True:
            info = await self.deployment(deployment_id)
            pause = SHORTEST_PAUSE if info != last else min(pause * 1.5, LONGEST_PAUSE)
            if info != last:
                yield info
                last = info
            if info.status.is_final and await self._is_told(deployment_id, info):
                return
            await asyncio.sleep(pause)

    async def _is_told(self, deployment_id: str, info: DeploymentInfo) -> bool:
        """Whether nothing more will be told: its rollback has its own story, or it has closed."""
        if info.rollback_info.rollback_deployment_id is not None:
            return True
        description = await self._client.get_workflow_handle(deployment_id).describe()
        return description.close_time is not None

    async def _until_released(self, deployment_id: str) -> None:
        """Wait until the deployment has closed and its group has noticed."""
        info = await self.deployment(deployment_id)
        handle = self._client.get_workflow_handle(
            group_workflow_id(info.application_name, info.deployment_group_name)
        )
        with suppress(Refused), in_words(Refused("The group is gone, and its lock with it.")):
            while await _holds(handle, deployment_id):
                await asyncio.sleep(SHORTEST_PAUSE)

    async def log(
        self, deployment_id: str, target: str, event: LifecycleEvent | None = None
    ) -> AsyncIterator[str]:
        """Yield the whole output of the scripts of one deployment on one host, piece by piece.

        Raises:
            Refused: The host's agent does not answer.
        """
        await self.target(deployment_id, target)
        offset, is_end = 0, False
        while not is_end:
            piece = await self._piece(
                deployment_id,
                target,
                LogRequest(deployment_id=deployment_id, event=event, offset=offset),
            )
            yield piece.text
            offset, is_end = piece.next_offset, piece.is_end

    async def _piece(self, deployment_id: str, target: str, request: LogRequest) -> LogPiece:
        suffix = "".join(random.SystemRandom().choices("abcdefghijkmnpqrstuvwxyz", k=8))
        with in_words():
            piece: LogPiece = await self._client.execute_workflow(
                LogWorkflow.run,
                LogQuestion(target=target, request=request),
                id=f"{deployment_id}/log/{target}/{suffix}",
                task_queue=CONTROL_QUEUE,
            )
        return piece

    async def _ask(self, deployment_id: str, query: str, kind: type[Any]) -> Any:
        handle = self._client.get_workflow_handle(check_deployment_id(deployment_id))
        missing = DeploymentDoesNotExist(
            f"There is no deployment {deployment_id}. List them with: rollway list"
        )
        with in_words(missing):
            return await handle.query(query, result_type=kind, rpc_timeout=PATIENCE)


async def _holds(group: WorkflowHandle[Any, Any], deployment_id: str) -> bool:
    """Whether the deployment has its group's lock, or a place in its queue."""
    info = await group.query("info", result_type=DeploymentGroupInfo, rpc_timeout=PATIENCE)
    return deployment_id in (info.active, *info.queue)


def _no_group(full_name: str) -> DeploymentGroupDoesNotExist:
    return DeploymentGroupDoesNotExist(
        f"There is no deployment group {full_name}. List them with: rollway get groups"
    )


def _counted(batch: BatchSummary, results: list[TargetResult] | None) -> BatchSummary:
    """Return `batch` with its targets counted, if they are known."""
    if not results:
        return batch
    overview = DeploymentOverview.of([result.status for result in results])
    return batch.model_copy(update={"overview": overview})


def _overview(info: DeploymentInfo, batches: tuple[BatchSummary, ...]) -> DeploymentOverview:
    """Return the whole fleet's counts from those of its batches and the targets not yet in one."""
    counted = DeploymentOverview()
    for batch in batches:
        counted = counted + batch.overview
    known = sum(counted.model_dump().values())
    total = sum(info.deployment_overview.model_dump().values())
    rest = DeploymentOverview.model_validate({"Pending": max(0, total - known)})
    return counted + rest


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
