"""What holds a deployment back before a batch: a pause, or a gate that waits for a person."""

from datetime import timedelta

from temporalio import workflow

from codedeploy.deployment import Wait
from codedeploy.deployment_group import ApprovalGate, GatePosition, OnDeadline


class Gates:
    """Pauses and approval gates of one deployment.

    Attributes:
        is_paused: No batch starts until somebody resumes.
        wait: What is being waited for; None while work goes on.
        overdue: The gate whose deadline passed with ROLLBACK as its default answer.
    """

    def __init__(self, approvals: tuple[ApprovalGate, ...]) -> None:
        self._approvals = approvals
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
            self.wait = Wait(reason="resume")
            await workflow.wait_condition(lambda: not self.is_paused)
            self.wait = None

    async def _answered(self, gate: ApprovalGate, batch: int) -> bool:
        deadline = timedelta(minutes=gate.deadline_minutes)
        where = (
            "after batch 1" if gate.at is GatePosition.AFTER_FIRST_BATCH else f"of batch {batch}"
        )
        self._is_approved = False
        self.wait = Wait(
            reason=f"approval {where}",
            until=workflow.now() + deadline,
            on_deadline=gate.on_deadline,
            is_approval=True,
        )
        try:
            await workflow.wait_condition(
                lambda: self._is_approved,
                timeout=deadline,
                timeout_summary=f"approval {where}, else {gate.on_deadline}",
            )
        except TimeoutError:
            if gate.on_deadline is OnDeadline.ROLLBACK:
                self.overdue = self.wait
                return False
        finally:
            self.wait = None
        return True


def _stands_before(gate: ApprovalGate, batch: int) -> bool:
    return gate.at is GatePosition.BEFORE_EVERY_BATCH or batch == 2
