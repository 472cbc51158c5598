"""The course of a deployment to servers in place: wave after wave of batches."""

from math import ceil
from typing import Any

from codedeploy.deployment import DeploymentOutcome, DeploymentOverview
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.failures import health_constraints_message
from codedeploy.fleet import batch_size
from codedeploy.plan import Plan
from codedeploy.stage import in_place
from workflows.courses.passage import Tools
from workflows.orders import DeploymentOrder
from workflows.planning import Basis, servers
from workflows.rollout import Rollout
from workflows.suspension import suspended
from workflows.walks import Walks


class ServerCourse:
    """Deploys to a fleet of servers; what it touched is taken back by another deployment."""

    def __init__(self, order: DeploymentOrder, tools: Tools) -> None:
        self._order = order
        self._tools = tools
        self._walks = Walks(order, tools)
        self._messages: list[str] = []
        self._problems: list[str] = []

    async def make_plan(self) -> Plan:
        """Return the plan; a rollback brings its own."""
        return self._order.plan or await servers.make_plan(Basis.of_order(self._order))

    async def run(self, plan: Plan) -> None:
        """Walk the plan.

        Raises:
            DeploymentFailure: HEALTH_CONSTRAINTS, too many instances failed.
            RollwayError: Processes of Auto Scaling groups could not be resumed.
        """
        if plan.no_op:
            self._messages.append(plan.no_op)
            return
        async with suspended(self._order, tell=self._problems.append):
            await self._walk(plan)
            self._tools.commit()

    async def _walk(self, plan: Plan) -> None:
        stage = in_place(with_traffic_control=self._order.group.controls_traffic)
        rollout = await self._walks.walk(plan, stage)
        if not rollout.is_success:
            message = health_constraints_message(
                rollout.failures,
                size=plan.size,
                minimum_healthy=plan.minimum_healthy,
                departed=rollout.departed,
            )
            raise DeploymentFailure(ErrorCode.HEALTH_CONSTRAINTS, message)

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the batches, the counts and the failures."""
        if self._rollout is None:
            return {"deployment_status_messages": tuple(self._messages)}
        overview: DeploymentOverview = self._rollout.overview_at(is_final=is_final)
        return self._walks.face() | {
            "deployment_overview": overview,
            "undo_problems": tuple(self._problems),
        }

    @property
    def touched(self) -> dict[str, bool]:
        """Each touched target, and whether it is in service."""
        return self._rollout.touched if self._rollout else {}

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with what became of the instances."""
        if self._rollout is None:
            return outcome
        return outcome.model_copy(
            update={
                "succeeded": tuple(self._rollout.succeeded),
                "failed": tuple(failure.target_id for failure in self._rollout.failures),
            }
        )

    @property
    def _rollout(self) -> Rollout | None:
        return self._walks.begun[0] if self._walks.begun else None


def facts_of(plan: Plan) -> dict[str, Any]:
    """Return what a deployment shows of its plan.

    In a blue/green deployment the fleet is the original, and its targets are what replaces it.
    """
    handover = plan.handover
    return {
        "fleet_size": len(handover.blue) if handover else plan.size,
        "target_count": handover.size if handover else len(plan.targets),
        "minimum_healthy": plan.minimum_healthy,
        "window": plan.fleet.window,
        "arithmetic": plan.arithmetic,
        "bystanders": plan.bystanders,
        "planned_batches": _batches_of_stages(plan) if handover else plan.batch_count,
    }


def _batches_of_stages(plan: Plan) -> int:
    """Return how many batches install, reroute, and take the original out if nothing fails."""
    assert plan.handover is not None
    blue = len(plan.handover.blue)
    of_replacement = ceil(plan.size / batch_size(plan.fleet.window, plan.size))
    return 2 * of_replacement + ceil(blue / batch_size(blue, blue))
