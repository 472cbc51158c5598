"""A batch: at most fifty hosts in a sliding window, each taken through its lifecycle events.

The batch keeps every host's events and answers them to the query `targets`; the deployment is told
only who succeeded, who failed and why.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from codedeploy.commands import RUN_LIFECYCLE_EVENTS, LifecycleReport, host_queue
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.fleet import Fleet
from codedeploy.segments import CONTROL_PLANE_EVENTS, Segment
from codedeploy.target import (
    TargetFailure,
    TargetLabel,
    TargetResult,
    TargetStatus,
    accomplished,
    advanced,
    begun,
    departed,
    failed,
    skipped,
    succeeded,
)
from codedeploy.traffic_control import TrafficCommand
from workflows.departures import Departures
from workflows.host_failure import failure_of
from workflows.nursery import nursery
from workflows.options import on_host
from workflows.orders import BatchOrder, BatchReport
from workflows.traffic_desk import TrafficDesk

UNREACHED = (ErrorCode.AGENT_ISSUE, ErrorCode.ELASTIC_LOAD_BALANCING_INVALID)
"""How a host fails that has been terminated meanwhile."""


@workflow.defn
class BatchWorkflow:
    """Deploys to the hosts of one batch; cancelling it stops the scripts that run."""

    @workflow.init
    def __init__(self, order: BatchOrder) -> None:
        self._order = order
        self._fleet = Fleet(size=order.share, minimum_healthy=0)
        self._targets = {
            name: TargetResult(target_id=name, instance_label=order.label) for name in order.targets
        }
        # An original that is only not registered any more may serve on, and has not left service.
        self._departures = Departures(
            order.role_arn, must_run_no_more=order.label is TargetLabel.BLUE
        )
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
            await self._end_badly(target, self._failed(target, error))
        except DeploymentFailure as failure:
            await self._end_badly(target, self._failed_at_traffic(target, failure))
        except asyncio.CancelledError:
            self._targets[target] = skipped(self._targets[target], self._flow)
        if desk is not None:
            desk.leave(target)
        status = self._targets[target].status
        self._fleet = self._fleet.plus(
            in_progress=-1,
            succeeded=int(status is TargetStatus.SUCCEEDED),
            failed=int(status is TargetStatus.FAILED),
        )

    async def _carry_out(self, target: str, segment: Segment, desk: TrafficDesk | None) -> None:
        if desk is None or segment[0] not in CONTROL_PLANE_EVENTS:
            await self._run_segment(target, segment)
            return
        event = segment[0]
        self._targets[target] = begun(self._targets[target], event, workflow.now())
        ended = await desk.carry_out(event, target)
        self._targets[target] = accomplished(self._targets[target], event, ended)

    async def _run_segment(self, target: str, segment: Segment) -> None:
        self._targets[target] = begun(self._targets[target], segment[0], workflow.now())
        report = await workflow.execute_activity(
            RUN_LIFECYCLE_EVENTS,
            self._order.command.model_copy(
                update={
                    "events": segment,
                    "completes_deployment": self._completes_deployment(segment),
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

    def _completes_deployment(self, segment: Segment) -> bool:
        return self._order.completes_deployment and segment is self._order.segments[-1]

    async def _end_badly(self, target: str, result: TargetResult) -> None:
        """Record a failure, unless the host has left the fleet: then it is no failure at all."""
        assert result.failure is not None
        reason = await self._departure(target, result.failure)
        if reason is None:
            self._targets[target] = result
        else:
            now = workflow.now()
            self._targets[target] = departed(
                self._targets[target], reason, flow=self._flow, now=now
            )

    async def _departure(self, target: str, failure: TargetFailure) -> str | None:
        """Return why a host is of the fleet no more; None if it is, or nobody can say."""
        if self._is_stopping or failure.error_code not in UNREACHED:
            return None
        return await self._departures.reason(target)

    def _failed(self, target: str, error: ActivityError) -> TargetResult:
        result = self._targets[target]
        failure, report, is_touched = failure_of(
            error, result, agent_timeout_seconds=self._order.agent_timeout_seconds
        )
        return failed(
            advanced(result, report),
            failure,
            is_touched=is_touched,
            flow=self._flow,
            now=workflow.now(),
        )

    def _failed_at_traffic(self, target: str, failure: DeploymentFailure) -> TargetResult:
        result = self._targets[target]
        cause = TargetFailure(
            target_id=target,
            event=result.current_event,
            error_code=failure.code,
            message=failure.message,
        )
        return failed(result, cause, is_touched=True, flow=self._flow, now=workflow.now())

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
            departed=tuple(
                result.target_id for result in results if result.status is TargetStatus.SKIPPED
            ),
            touched=tuple(
                result.target_id
                for result in results
                if result.is_touched and result.status is not TargetStatus.SKIPPED
            ),
        )


def _summary(target: str, segment: Segment) -> str:
    if len(segment) == 1:
        return f"{segment[0]} on {target}"
    return f"{segment[0]} to {segment[-1]} on {target}"
