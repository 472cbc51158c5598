"""What holds a deployment back before a batch: a pause, or a gate that waits for a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow

from codedeploy.deployment import Wait
from codedeploy.deployment_group import ApprovalGate, GatePosition, OnDeadline


class Gates:
    """Pauses and approval gates of one deployment.

    Args:
        approvals: Where to wait for a person.
        changed: Told when a wait begins or ends.

    Attributes:
        is_paused: No batch starts until somebody resumes.
        wait: What is being waited for; None while work goes on.
        overdue: The last gate whose deadline passed.
    """

    def __init__(self, approvals: tuple[ApprovalGate, ...], *, changed: Callable[[], None]) -> None:
        self._approvals = approvals
        self._changed = changed
        self._is_approved = False
        self.is_paused = False
        self.wait: Wait | None = None
        self.overdue: Wait | None = None

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

    async def pass_before(self, batch: int) -> bool:
        """Wait until batch number `batch` may start; False if a deadline says roll back."""
        for gate in self._approvals:
            if _stands_before(gate, batch) and not await self._answered(gate, batch):
                return False
        await self._resumed()
        return True

    async def _resumed(self) -> None:
        if self.is_paused:
            with self._waiting(Wait(reason="resume")):
                await workflow.wait_condition(lambda: not self.is_paused)

    async def _answered(self, gate: ApprovalGate, batch: int) -> bool:
        deadline = timedelta(minutes=gate.deadline_minutes)
        where = (
            "after batch 1" if gate.at is GatePosition.AFTER_FIRST_BATCH else f"of batch {batch}"
        )
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


def _stands_before(gate: ApprovalGate, batch: int) -> bool:
    return gate.at is GatePosition.BEFORE_EVERY_BATCH or batch == 2
