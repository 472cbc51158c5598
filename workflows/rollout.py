"""Walking through a fleet of servers: wave after wave, batch after batch."""

import asyncio
from datetime import timedelta
from typing import NamedTuple

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, is_cancelled_exception

from codedeploy.commands import LifecycleCommand
from codedeploy.deployment import BatchStatus, BatchSummary, Creator, DeploymentOverview, Wait
from codedeploy.failures import named
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.pace import Batch, Pace
from codedeploy.plan import Plan
from codedeploy.segments import segments
from codedeploy.stage import Stage
from codedeploy.target import TargetFailure
from codedeploy.waves import Wave
from workflows.batch import BatchWorkflow
from workflows.gates import Permission
from workflows.nursery import Start, nursery
from workflows.orders import BatchOrder, BatchReport, DeploymentOrder
from workflows.traffic_desk import move_traffic, traffic_command


class Admission(NamedTuple):
    """What lets the batches of a walk start.

    Attributes:
        may_start: Waits until the batch of that number may start: pauses and gates.
        one_by_one: A batch must have ended before the next one is asked for.
        earlier: How many batches the deployment has had before this walk.
    """

    may_start: Permission
    one_by_one: bool = False
    earlier: int = 0


class Rollout:
    """One walk through a fleet.

    Args:
        order: The deployment it belongs to.
        plan: Whom to walk through, and at what pace.
        stage: What is done to each host.
        admission: What lets its batches start.

    Attributes:
        batches: Those begun so far.
        touched: Each touched target, and whether it is in service.
        baking: The watch after a zone, while it lasts.
    """

    def __init__(
        self, order: DeploymentOrder, plan: Plan, *, stage: Stage, admission: Admission
    ) -> None:
        self._order = order
        self._plan = plan
        self._stage = stage
        self._admission = admission
        self._pace = Pace(plan, one_by_one=admission.one_by_one)
        self.batches: list[BatchSummary] = []
        self.succeeded: list[str] = []
        self.failures: list[TargetFailure] = []
        self.touched: dict[str, bool] = {}
        self.baking: Wait | None = None

    async def run(self) -> None:
        """Walk every wave; return when all is done or the floor forbids going on."""
        async with nursery() as start:
            while wave := self._pace.next_wave():
                await self._walk(start)
                if not self._pace.must_stop:
                    await self._bake(wave)

    @property
    def is_success(self) -> bool:
        """Whether every target was tried and enough of them succeeded."""
        return self._pace.is_success

    @property
    def departed(self) -> int:
        """How many targets have left the fleet meanwhile."""
        return self._pace.departed

    @property
    def in_progress(self) -> int:
        """How many targets are under way."""
        return self._pace.fleet.in_progress

    def overview_at(self, *, is_final: bool) -> DeploymentOverview:
        """Return the targets by status; what is under way is known exactly only to its batch."""
        rest, departed = self._pace.remaining, self._pace.departed
        return DeploymentOverview(
            succeeded=len(self.succeeded),
            failed=len(self.failures),
            in_progress=self._pace.fleet.in_progress,
            pending=0 if is_final else rest,
            skipped=departed + (rest if is_final else 0),
        )

    async def _walk(self, start: Start) -> None:
        pace = self._pace
        while not pace.is_wave_over:
            await workflow.wait_condition(lambda: pace.can_start or pace.is_wave_over)
            if pace.can_start:
                await self._admission.may_start(self._admission.earlier + pace.started + 1)
            # That await lets failures in: ask again.
            if pace.can_start:
                start(self._deploy(pace.start()))

    async def _deploy(self, batch: Batch) -> None:
        order = self._batch_order(batch)
        self.batches.append(self._opened(batch, order.number))
        try:
            report = await workflow.execute_child_workflow(
                BatchWorkflow.run,
                order,
                id=self.batches[batch.number - 1].workflow_id,
                static_summary=_summary(self.batches[batch.number - 1], batch.targets),
            )
        except ChildWorkflowError as error:
            report = _report_of_dead_batch(batch, error)
        self._record(batch, report)
        failed = tuple(failure.target_id for failure in report.failures)
        if failed and self._stage.blocks_failed:
            await move_traffic(self._order, LifecycleEvent.BLOCK_TRAFFIC, failed)

    def _batch_order(self, batch: Batch) -> BatchOrder:
        return BatchOrder(
            deployment_id=self._order.deployment_id,
            number=self._admission.earlier + batch.number,
            targets=batch.targets,
            share=batch.share,
            segments=segments(self._stage.flow, self._plan.size),
            command=self._command(),
            agent_timeout_seconds=self._order.group.agent_timeout_seconds,
            script_seconds=max(3600, sum(self._plan.revision.hook_timeout_seconds.values())),
            traffic=traffic_command(self._order) if self._stage.moves_traffic else None,
            label=self._stage.label,
            completes_deployment=self._stage.completes_deployment,
            role_arn=self._order.group.service_role_arn,
        )

    def _command(self) -> LifecycleCommand:
        request, group = self._order.request, self._order.group
        return LifecycleCommand(
            deployment_id=self._order.deployment_id,
            deployment_group_id=self._order.deployment_group_id,
            deployment_group_name=group.deployment_group_name,
            application_name=group.application_name,
            deployment_creator=Creator.ROLLBACK if self._stage.puts_back else self._order.creator,
            deployment_type=group.deployment_style.deployment_type,
            revision=self._plan.revision,
            events=(),
            file_exists_behavior=request.file_exists_behavior,
            ignore_application_stop_failures=request.ignore_application_stop_failures,
            environment=group.environment,
        )

    def _record(self, batch: Batch, report: BatchReport) -> None:
        failed = [failure.target_id for failure in report.failures]
        self._pace.finish(
            batch, succeeded=report.succeeded, failed=failed, departed=report.departed
        )
        self.succeeded += report.succeeded
        self.failures += report.failures
        healthy = set(report.succeeded)
        self.touched |= {target: target in healthy for target in report.touched}
        self.batches[batch.number - 1] = _closed(self.batches[batch.number - 1], report)

    def _opened(self, batch: Batch, number: int) -> BatchSummary:
        return BatchSummary(
            number=number,
            phase=", ".join(filter(None, (self._stage.name, batch.wave.name))),
            status=BatchStatus.IN_PROGRESS,
            workflow_id=f"{self._order.deployment_id}/batch-{number}",
            overview=DeploymentOverview(in_progress=len(batch.targets)),
            start_time=workflow.now(),
        )

    async def _bake(self, wave: Wave) -> None:
        if not wave.bake_seconds:
            return
        duration = timedelta(seconds=wave.bake_seconds)
        self.baking = Wait(reason=f"watching {wave.name}", until=workflow.now() + duration)
        await asyncio.sleep(duration.total_seconds())
        self.baking = None


def _summary(summary: BatchSummary, targets: tuple[str, ...]) -> str:
    """Return what the Web UI's timeline calls the batch; the server takes at most 400 bytes."""
    phase = f" ({summary.phase})" if summary.phase else ""
    return f"batch {summary.number}{phase}: {named(targets)}"[:200]


def _closed(summary: BatchSummary, report: BatchReport) -> BatchSummary:
    overview = DeploymentOverview(
        succeeded=len(report.succeeded),
        failed=len(report.failures),
        pending=len(report.untried),
        skipped=len(report.departed),
    )
    return summary.model_copy(
        update={"status": BatchStatus.DONE, "end_time": workflow.now(), "overview": overview}
    )


def _report_of_dead_batch(batch: Batch, error: ChildWorkflowError) -> BatchReport:
    """Return what must be assumed of a batch that was cancelled unstarted or killed."""
    if is_cancelled_exception(error):
        return BatchReport(untried=batch.targets)
    failures = tuple(
        TargetFailure(
            target_id=target,
            message=f"{target}: batch {batch.number} was ended from outside ({error.cause}).",
        )
        for target in batch.targets
    )
    return BatchReport(failures=failures, touched=batch.targets)
