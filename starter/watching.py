"""Looking at deployments: where they stand, how they go on, what their scripts print."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import chain
from typing import Any

from temporalio.client import Client, WorkflowHandle

from codedeploy.application import ComputePlatform
from codedeploy.commands import LogRequest
from codedeploy.deployment import (
    BatchStatus,
    BatchSummary,
    DeploymentInfo,
    DeploymentOverview,
    check_deployment_id,
)
from codedeploy.errors import (
    DeploymentDoesNotExist,
    DeploymentTargetDoesNotExist,
    Refused,
    UnsupportedActionForDeploymentType,
)
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.identifiers import group_workflow_id
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.plan import Plan
from codedeploy.target import TargetLabel, TargetResult, TargetStatus, awaiting_traffic, continued
from starter.connection import PATIENCE, in_words
from starter.host_log import HostLog
from starter.progress import is_slow, with_progress
from starter.related import with_updates
from starter.termination import with_termination

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds between two looks at a deployment: short while it changes, longer while it does not."""


class Watching:
    """What runs and what ran."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def deployment(self, deployment_id: str) -> DeploymentInfo:
        """Return where a deployment stands, with its running batches counted host by host.

        Raises:
            DeploymentDoesNotExist: Nobody knows the id.
        """
        info: DeploymentInfo = await self._ask(deployment_id, "info", DeploymentInfo)
        info = await with_termination(self._client, info)
        if info.compute_platform is not ComputePlatform.SERVER:
            return info
        info = await with_updates(self._client, info)
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
                "deployment_overview": info.deployment_overview
                if info.is_blue_green
                else _overview(info, batches),
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
        """Return every target of a deployment with its lifecycle events, in deployment order.

        A deployment to a function or a service has one, once it knows which.
        """
        info: DeploymentInfo = await self._ask(deployment_id, "info", DeploymentInfo)
        if info.compute_platform is not ComputePlatform.SERVER:
            return [info.target] if info.target else []
        plan: Plan | None = await self._ask(deployment_id, "plan", Plan)
        found: dict[str, TargetResult] = {}
        for batch in info.batches:
            for result in await self._results_of(batch):
                earlier = found.get(result.target_id)
                found[result.target_id] = continued(earlier, result) if earlier else result
        unseen = TargetStatus.SKIPPED if info.status.is_final else TargetStatus.PENDING
        names = dict.fromkeys((*(plan.instances if plan is not None else ()), *found))
        results = [
            found.get(name, TargetResult(target_id=name, instance_label=_label_of(name, plan)))
            for name in names
        ]
        return [
            result.model_copy(update={"status": unseen})
            if result.status is TargetStatus.PENDING
            else awaiting_traffic(result)
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
        self,
        deployment_id: str,
        target: str,
        event: LifecycleEvent | None = None,
        *,
        follow: bool = False,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        """Yield the whole output of the scripts of one deployment on one host, piece by piece.

        Args:
            deployment_id: Which deployment.
            target: The host.
            event: Only this event's output; None for the whole deployment's.
            follow: Go on until nothing more will be printed.
            timestamps: Put before each line when it was there, to about a second.

        Raises:
            Refused: The host's agent does not answer.
            UnsupportedActionForDeploymentType: Its target is no host.
        """
        info = await self.deployment(deployment_id)
        if info.compute_platform is not ComputePlatform.SERVER:
            raise UnsupportedActionForDeploymentType(
                f"{deployment_id} deploys to {info.compute_platform}, where no host runs scripts. "
                "What its hook functions print is in CloudWatch: aws logs tail "
                "/aws/lambda/FUNCTION"
            )
        await self.target(deployment_id, target)
        log = HostLog(self._client, target, look=lambda: self.target(deployment_id, target))
        request = LogRequest(deployment_id=deployment_id, event=event, timestamps=timestamps)
        async for text in log.followed(request) if follow else log.pieces(request):
            yield text

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


def _label_of(name: str, plan: Plan | None) -> TargetLabel | None:
    """Return the part that a target plays which has not begun."""
    if plan is None or plan.handover is None:
        return None
    return TargetLabel.BLUE if name in plan.handover.blue else TargetLabel.GREEN


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
