"""What holds a deployment back: a pause, a gate that waits for a person, a ready wait."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow

from codedeploy.application import ComputePlatform
from codedeploy.deployment import Wait
from codedeploy.deployment_group import ApprovalGate, GatePosition, OnDeadline
from workflows.orders import DeploymentOrder

Permission = Callable[[int], Awaitable[None]]
"""Waits until the batch or shift of that number may start."""


class Gates:
    """Pauses and approval gates of one deployment.

    Args:
        approvals: Where to wait for a person.
        unit: What stands between two gates: `batch` or `shift`.
        changed: Told when a wait begins or ends.

    Attributes:
        is_paused: No batch starts until somebody resumes.
        wait: What is being waited for; None while work goes on.
        overdue: The last gate whose deadline passed.
    """

    def __init__(
        self, approvals: tuple[ApprovalGate, ...], *, unit: str, changed: Callable[[], None]
    ) -> None:
        self._approvals = approvals
        self._unit = unit
        self._changed = changed
        self._is_approved = False
        self._is_continued = False
        self.is_paused = False
        self.wait: Wait | None = None
        self.overdue: Wait | None = None

    @classmethod
    def of(cls, order: DeploymentOrder, *, changed: Callable[[], None]) -> "Gates":
        """Return the gates of a deployment; a rollback passes none."""
        request, group = order.request, order.group
        approvals = group.approvals if request.approvals is None else request.approvals
        unit = "batch" if group.compute_platform is ComputePlatform.SERVER else "shift"
        return cls(() if order.rollback_of else approvals, unit=unit, changed=changed)

    @property
    def exist(self) -> bool:
        """Whether any gate stands in the way of this deployment."""
        return bool(self._approvals)

    @property
    def awaits_approval(self) -> bool:
        """Whether a gate waits for an answer now."""
        return self.wait is not None and self.wait.is_approval

    def approve(self) -> None:
        """Open the gate that waits."""
        self._is_approved = True

    @property
    def awaits_continue(self) -> bool:
        """Whether the replacement is ready and traffic waits for a word."""
        return self.wait is not None and self.wait.is_ready_wait

    def go_on(self) -> None:
        """End the ready wait."""
        self._is_continued = True

    async def pass_before(self, number: int) -> bool:
        """Wait until the batch or shift of that number may start; False if a deadline says no."""
        for gate in self._approvals:
            if _stands_before(gate, number) and not await self._answered(gate, number):
                return False
        await self._resumed()
        return True

    async def ready(self, limit: timedelta) -> bool:
        """Wait until somebody continues; False if nobody does in time."""
        wait = Wait(
            reason="rollway continue: the replacement is ready",
            until=workflow.now() + limit,
            is_ready_wait=True,
        )
        with self._waiting(wait):
            try:
                await workflow.wait_condition(
                    lambda: self._is_continued,
                    timeout=limit,
                    timeout_summary="the replacement is ready, else STOP_DEPLOYMENT",
                )
            except TimeoutError:
                self.overdue = wait
                return False
        return True

    async def _resumed(self) -> None:
        if self.is_paused:
            with self._waiting(Wait(reason="resume")):
                await workflow.wait_condition(lambda: not self.is_paused)

    async def _answered(self, gate: ApprovalGate, number: int) -> bool:
        deadline = timedelta(minutes=gate.deadline_minutes)
        is_after = gate.at is GatePosition.AFTER_FIRST_BATCH
        where = f"after {self._unit} 1" if is_after else f"of {self._unit} {number}"
        self._is_approved = False
        wait = Wait(
            reason=f"approval {where}",
            until=workflow.now() + deadline,
            on_deadline=gate.on_deadline,
            is_approval=True,
        )
        with self._waiting(wait):
            try:
                await workflow.wait_condition(
                    lambda: self._is_approved,
                    timeout=deadline,
                    timeout_summary=f"approval {where}, else {gate.on_deadline}",
                )
            except TimeoutError:
                self.overdue = wait
                return gate.on_deadline is OnDeadline.CONTINUE
        return True

    @contextmanager
    def _waiting(self, wait: Wait) -> Iterator[None]:
        self.wait = wait
        self._changed()
        try:
            yield
        finally:
            self.wait = None
        # Not in `finally`: an evicted workflow is closed there, and must not say anything.
        self._changed()


def _stands_before(gate: ApprovalGate, number: int) -> bool:
    return gate.at is GatePosition.BEFORE_EVERY_BATCH or number == 2
