"""Walking a plan: wave after wave, batch after batch, never below the floor."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, is_cancelled_exception

from codedeploy.commands import LifecycleCommand
from codedeploy.deployment import (
    BatchStatus,
    BatchSummary,
    DeploymentOverview,
    TargetFailure,
    Wait,
)
from codedeploy.fleet import BATCH_LIMIT, Fleet
from codedeploy.lifecycle import in_place_flow
from codedeploy.plan import Plan, Wave
from codedeploy.segments import segments
from workflows.batch import BatchWorkflow
from workflows.nursery import Start, nursery
from workflows.orders import BatchOrder, BatchReport, DeploymentOrder

MOST_OPEN_BATCHES = 4
"""More open batches than this are slower, not faster: the server is the bottleneck."""

Permission = Callable[[int], Awaitable[None]]


class Rollout:
    """One plan on its way through a fleet.

    Args:
        may_start: Waits until the batch of that number may start: pauses and gates.
        has_gates: Batches must end before the next one is asked for.
    """

    def __init__(
        self, order: DeploymentOrder, plan: Plan, *, may_start: Permission, has_gates: bool
    ) -> None:
        self._order = order
        self._plan = plan
        self._may_start = may_start
        self._most_open = 1 if has_gates else MOST_OPEN_BATCHES
        self._zones: dict[str, Fleet] = {}
        self._untried: list[str] = []
        self._open = 0
        self.fleet = plan.fleet
        self.batches: list[BatchSummary] = []
        self.succeeded: list[str] = []
        self.failures: list[TargetFailure] = []
        self.touched: dict[str, bool] = {}
        self.baking: Wait | None = None

    async def run(self) -> None:
        """Walk every wave; return when all is done or the floor forbids going on."""
        async with nursery() as start:
            for wave in self._plan.waves:
                self._untried += wave.targets
                await self._walk(wave, start)
                if self._untried:
                    return
                await self._bake(wave)

    @property
    def is_success(self) -> bool:
        """Whether every target was tried and enough of them succeeded."""
        attempted = len(self.succeeded) + len(self.failures)
        return attempted == len(self._plan.targets) and self.fleet.is_success

    def overview_at(self, *, is_final: bool) -> DeploymentOverview:
        """Return the targets by status; what is under way is known exactly only to its batch."""
        attempted = len(self.succeeded) + len(self.failures)
        rest = len(self._plan.targets) - attempted - self.fleet.in_progress
        return DeploymentOverview(
            succeeded=len(self.succeeded),
            failed=len(self.failures),
            in_progress=self.fleet.in_progress,
            pending=0 if is_final else rest,
            skipped=rest if is_final else 0,
        )

    async def _walk(self, wave: Wave, start: Start) -> None:
        self._zones.setdefault(
            wave.zone, Fleet(size=wave.zone_size, minimum_healthy=wave.zone_minimum_healthy)
        )
        while True:
            await workflow.wait_condition(lambda: self._can_start(wave) or not self._open)
            if not self._untried or self._must_stop(wave):
                break
            if self._can_start(wave):
                await self._may_start(len(self.batches) + 1)
            # That await lets failures in: ask the fleet again.
            if self._can_start(wave):
                start(self._deploy(self._next_batch(wave), wave))
        await workflow.wait_condition(lambda: not self._open)

    def _can_start(self, wave: Wave) -> bool:
        return (
            bool(self._untried)
            and not self._must_stop(wave)
            and self._open < self._open_limit(wave)
            and self._spare(wave) > 0
        )

    def _open_limit(self, wave: Wave) -> int:
        window = min(self.fleet.window, self._zones[wave.zone].window)
        return self._most_open if window > BATCH_LIMIT else 1

    def _spare(self, wave: Wave) -> int:
        return min(self.fleet.spare, self._zones[wave.zone].spare)

    def _must_stop(self, wave: Wave) -> bool:
        return self.fleet.is_exhausted or self._zones[wave.zone].is_exhausted

    def _next_batch(self, wave: Wave) -> BatchOrder:
        targets = tuple(self._untried[: wave.batch_size])
        del self._untried[: wave.batch_size]
        share = min(len(targets), self._spare(wave))
        self._account(wave, lambda fleet: fleet.start(share))
        self._open += 1
        number = len(self.batches) + 1
        self.batches.append(
            BatchSummary(
                number=number,
                phase=wave.name,
                status=BatchStatus.IN_PROGRESS,
                workflow_id=f"{self._order.deployment_id}/batch-{number}",
                overview=DeploymentOverview(in_progress=len(targets)),
                start_time=workflow.now(),
            )
        )
        return self._batch_order(number, targets, share)

    def _batch_order(self, number: int, targets: tuple[str, ...], share: int) -> BatchOrder:
        group, revision = self._order.group, self._plan.revision
        return BatchOrder(
            deployment_id=self._order.deployment_id,
            number=number,
            targets=targets,
            share=share,
            segments=segments(in_place_flow(), self._plan.size),
            command=self._command(),
            agent_timeout_seconds=group.agent_timeout_seconds,
            script_seconds=max(3600, sum(revision.hook_timeout_seconds.values())),
        )

    def _command(self) -> LifecycleCommand:
        request, group = self._order.request, self._order.group
        return LifecycleCommand(
            deployment_id=self._order.deployment_id,
            deployment_group_id=self._order.deployment_group_id,
            deployment_group_name=group.deployment_group_name,
            application_name=group.application_name,
            deployment_creator=self._order.creator,
            revision=self._plan.revision,
            events=(),
            file_exists_behavior=request.file_exists_behavior,
            ignore_application_stop_failures=request.ignore_application_stop_failures,
            environment=group.environment,
        )

    async def _deploy(self, batch: BatchOrder, wave: Wave) -> None:
        try:
            report = await workflow.execute_child_workflow(
                BatchWorkflow.run,
                batch,
                id=f"{batch.deployment_id}/batch-{batch.number}",
                static_summary=f"batch {batch.number}: {len(batch.targets)} hosts {wave.name}",
            )
        except ChildWorkflowError as error:
            report = _report_of_dead_batch(batch, error)
        self._record(batch, report, wave)

    def _record(self, batch: BatchOrder, report: BatchReport, wave: Wave) -> None:
        succeeded, failed = len(report.succeeded), len(report.failures)
        self._account(wave, lambda fleet: fleet.settle(batch.share, succeeded, failed))
        self.succeeded += report.succeeded
        self.failures += report.failures
        healthy = set(report.succeeded)
        self.touched |= {target: target in healthy for target in report.touched}
        self._untried = [*report.untried, *self._untried]
        self._open -= 1
        summary = self.batches[batch.number - 1]
        self.batches[batch.number - 1] = summary.model_copy(
            update={
                "status": BatchStatus.DONE,
                "end_time": workflow.now(),
                "overview": DeploymentOverview(
                    succeeded=succeeded, failed=failed, pending=len(report.untried)
                ),
            }
        )

    def _account(self, wave: Wave, change: Callable[[Fleet], Fleet]) -> None:
        self.fleet = change(self.fleet)
        self._zones[wave.zone] = change(self._zones[wave.zone])

    async def _bake(self, wave: Wave) -> None:
        if not wave.bake_seconds:
            return
        duration = timedelta(seconds=wave.bake_seconds)
        self.baking = Wait(reason=f"watching {wave.name}", until=workflow.now() + duration)
        await asyncio.sleep(duration.total_seconds())
        self.baking = None


def _report_of_dead_batch(batch: BatchOrder, error: ChildWorkflowError) -> BatchReport:
    """Return what must be assumed of a batch that was cancelled unstarted or killed."""
    if is_cancelled_exception(error):
        return BatchReport(untried=batch.targets)
    failures = tuple(
        TargetFailure(
            target_id=target,
            message=f"{target}: batch {batch.number} ended from outside ({error.cause}).",
        )
        for target in batch.targets
    )
    return BatchReport(failures=failures, touched=batch.targets)
