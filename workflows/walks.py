"""The walks of one deployment through its fleets, and what they come to together."""

from typing import Any

from codedeploy.deployment import BatchSummary
from codedeploy.failures import group_failures
from codedeploy.plan import Plan
from codedeploy.stage import Stage
from codedeploy.target import TargetFailure
from workflows.courses.passage import Tools
from workflows.orders import DeploymentOrder
from workflows.rollout import Admission, Rollout

SHOWN_FAILURES = 100


class Walks:
    """Walks through fleets, one after another; their batches are counted through.

    Args:
        order: The deployment they belong to.
        tools: What the deployment lends to its course.

    Attributes:
        begun: Those begun so far.
    """

    def __init__(self, order: DeploymentOrder, tools: Tools) -> None:
        self._order = order
        self._tools = tools
        self.begun: list[Rollout] = []

    async def walk(self, plan: Plan, stage: Stage) -> Rollout:
        """Return the walk when it is over: all is done, or the floor forbids going on.

        Nothing holds a walk back that puts back.
        """
        rollout = Rollout(self._order, plan, stage=stage, admission=self._admission(stage))
        self.begun.append(rollout)
        await rollout.run()
        return rollout

    @property
    def batches(self) -> tuple[BatchSummary, ...]:
        """All batches begun so far."""
        return tuple(batch for rollout in self.begun for batch in rollout.batches)

    @property
    def failures(self) -> tuple[TargetFailure, ...]:
        """Why hosts failed, in all walks."""
        return tuple(failure for rollout in self.begun for failure in rollout.failures)

    def face(self) -> dict[str, Any]:
        """Return the batches and the failures, as a deployment shows them."""
        baking = [rollout.baking for rollout in self.begun if rollout.baking]
        return {
            "batches": self.batches,
            "failures": self.failures[:SHOWN_FAILURES],
            "failure_groups": group_failures(self.failures),
        } | ({"wait": baking[0]} if baking else {})

    def _admission(self, stage: Stage) -> Admission:
        tools = self._tools
        return Admission(
            may_start=_unhindered if stage.puts_back else tools.may_start,
            one_by_one=tools.one_by_one and not stage.puts_back,
            earlier=len(self.batches),
        )


async def _unhindered(_: int) -> None:
    """Let a batch start."""
