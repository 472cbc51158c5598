"""A batch: at most fifty hosts in a sliding window, each taken through its lifecycle events.

The batch keeps every host's events and answers them to the query `targets`; the deployment is told
only who succeeded, who failed and why.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from codedeploy.commands import RUN_LIFECYCLE_EVENTS, LifecycleReport, host_queue
from codedeploy.deployment import TargetFailure, TargetResult, TargetStatus
from codedeploy.errors import DeploymentFailure
from codedeploy.fleet import Fleet
from codedeploy.segments import CONTROL_PLANE_EVENTS, Segment
from codedeploy.target import accomplished, advanced, begun, failed, skipped, succeeded
from codedeploy.traffic_control import TrafficCommand
from workflows.host_failure import failure_of
from workflows.nursery import nursery
from workflows.options import on_host
from workflows.orders import BatchOrder, BatchReport
from workflows.traffic_desk import TrafficDesk


@workflow.defn
class BatchWorkflow:
    """Deploys to the hosts of one batch; cancelling it stops the scripts that run."""

    @workflow.init
    def __init__(self, order: BatchOrder) -> None:
        self._order = order
        self._fleet = Fleet(size=order.share, minimum_healthy=0)
        self._targets = {name: TargetResult(target_id=name) for name in order.targets}
        self._is_stopping = False

    @workflow.run
    async def run(self, order: BatchOrder) -> BatchReport:
        """Deploy to every host the window admits, and report."""
        work = asyncio.create_task(self._deploy_to_all())
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._is_stopping = True
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        return self._report()

    @workflow.query
    def targets(self) -> tuple[TargetResult, ...]:
        """Return where every host of the batch stands, with its lifecycle events."""
        return tuple(self._targets.values())

    async def _deploy_to_all(self) -> None:
        if self._order.traffic is None:
            await self._deploy_in_a_sliding_window()
        else:
            await self._deploy_in_cohorts(self._order.traffic)

    async def _deploy_in_a_sliding_window(self) -> None:
        async with nursery() as start:
            for target in self._order.targets:
                await workflow.wait_condition(
                    lambda: self._fleet.can_spare_one or self._fleet.is_exhausted
                )
                if self._fleet.is_exhausted:
                    return
                self._fleet = self._fleet.plus(in_progress=1)
                start(self._deploy_to(target))

    async def _deploy_in_cohorts(self, traffic: TrafficCommand) -> None:
        """Deploy to as many hosts as may be out of service, and to the next when all are back."""
        left = list(self._order.targets)
        while left and not self._fleet.is_exhausted and not self._is_stopping:
            cohort, left = left[: self._fleet.spare], left[self._fleet.spare :]
            self._fleet = self._fleet.plus(in_progress=len(cohort))
            desk = TrafficDesk(traffic, cohort)
            async with nursery() as start:
                for target in cohort:
                    start(self._deploy_to(target, desk))

    async def _deploy_to(self, target: str, desk: TrafficDesk | None = None) -> None:
        try:
            for segment in self._order.segments:
                if self._is_stopping:
                    self._targets[target] = skipped(self._targets[target], self._flow)
                    break
                await self._carry_out(target, segment, desk)
            else:
                self._targets[target] = succeeded(self._targets[target])
        except ActivityError as error:
            self._record_failure(target, error)
        except DeploymentFailure as failure:
            self._record_traffic_failure(target, failure)
        except asyncio.CancelledError:
            self._targets[target] = skipped(self._targets[target], self._flow)
        if desk is not None:
            desk.leave(target)
        is_success = self._targets[target].status is TargetStatus.SUCCEEDED
        self._fleet = self._fleet.plus(
            in_progress=-1, succeeded=int(is_success), failed=int(not is_success)
        )

    async def _carry_out(self, target: str, segment: Segment, desk: TrafficDesk | None) -> None:
        if desk is None or segment[0] not in CONTROL_PLANE_EVENTS:
            await self._run_segment(target, segment)
            return
        event = segment[0]
        self._targets[target] = begun(self._targets[target], event, workflow.now())
        await desk.carry_out(event, target)
        self._targets[target] = accomplished(self._targets[target], event, workflow.now())

    async def _run_segment(self, target: str, segment: Segment) -> None:
        self._targets[target] = begun(self._targets[target], segment[0], workflow.now())
        report = await workflow.execute_activity(
            RUN_LIFECYCLE_EVENTS,
            self._order.command.model_copy(
                update={
                    "events": segment,
                    "completes_deployment": segment is self._order.segments[-1],
                }
            ),
            result_type=LifecycleReport,
            task_queue=host_queue(target),
            activity_id=f"{target}/{segment[0]}",
            summary=_summary(target, segment),
            **on_host(
                agent_timeout_seconds=self._order.agent_timeout_seconds,
                script_seconds=self._order.script_seconds,
            ),
        )
        self._targets[target] = advanced(self._targets[target], report)

    def _record_failure(self, target: str, error: ActivityError) -> None:
        result = self._targets[target]
        failure, report, is_touched = failure_of(
            error, result, agent_timeout_seconds=self._order.agent_timeout_seconds
        )
        result = advanced(result, report)
        self._targets[target] = failed(
            result, failure, is_touched=is_touched, flow=self._flow, now=workflow.now()
        )

    def _record_traffic_failure(self, target: str, failure: DeploymentFailure) -> None:
        result = self._targets[target]
        cause = TargetFailure(
            target_id=target,
            event=result.current_event,
            error_code=failure.code,
            message=failure.message,
        )
        self._targets[target] = failed(
            result, cause, is_touched=True, flow=self._flow, now=workflow.now()
        )

    @property
    def _flow(self) -> Segment:
        return tuple(event for segment in self._order.segments for event in segment)

    def _report(self) -> BatchReport:
        results = self._targets.values()
        return BatchReport(
            succeeded=tuple(
                result.target_id for result in results if result.status is TargetStatus.SUCCEEDED
            ),
            failures=tuple(result.failure for result in results if result.failure is not None),
            untried=tuple(
                result.target_id for result in results if result.status is TargetStatus.PENDING
            ),
            touched=tuple(result.target_id for result in results if result.is_touched),
        )


def _summary(target: str, segment: Segment) -> str:
    if len(segment) == 1:
        return f"{segment[0]} on {target}"
    return f"{segment[0]} to {segment[-1]} on {target}"
