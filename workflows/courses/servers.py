"""The course of a deployment to servers: wave after wave of batches."""

from typing import Any

from codedeploy.deployment import DeploymentOutcome
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.failures import group_failures, health_constraints_message
from codedeploy.plan import Plan
from workflows.gates import Permission
from workflows.orders import DeploymentOrder
from workflows.planning import Basis, servers
from workflows.rollout import Rollout

SHOWN_FAILURES = 100


class ServerCourse:
    """Deploys to a fleet of servers; what it touched is taken back by another deployment.

    Attributes:
        rollout: The plan on its way; None until it is walked.
    """

    def __init__(self, order: DeploymentOrder, *, may_start: Permission, has_gates: bool) -> None:
        self._order = order
        self._may_start = may_start
        self._has_gates = has_gates
        self._is_over = False
        self.rollout: Rollout | None = None

    async def make_plan(self) -> Plan:
        """Return the plan; a rollback brings its own."""
        return self._order.plan or await servers.make_plan(Basis.of_order(self._order))

    async def run(self, plan: Plan) -> None:
        """Walk the plan.

        Raises:
            DeploymentFailure: HEALTH_CONSTRAINTS, too many instances failed.
        """
        self.rollout = rollout = Rollout(
            self._order, plan, may_start=self._may_start, has_gates=self._has_gates
        )
        await rollout.run()
        if not rollout.is_success:
            message = health_constraints_message(
                rollout.failures, size=plan.size, minimum_healthy=plan.minimum_healthy
            )
            raise DeploymentFailure(ErrorCode.HEALTH_CONSTRAINTS, message)

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the batches, the counts and the failures."""
        if self.rollout is None:
            return {}
        failures = self.rollout.failures
        return {
            "deployment_overview": self.rollout.overview_at(is_final=is_final),
            "batches": tuple(self.rollout.batches),
            "failures": tuple(failures[:SHOWN_FAILURES]),
            "failure_groups": group_failures(failures),
        } | ({"wait": self.rollout.baking} if self.rollout.baking else {})

    @property
    def touched(self) -> dict[str, bool]:
        """Each touched target, and whether it is in service."""
        return self.rollout.touched if self.rollout else {}

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with what became of the instances."""
        if self.rollout is None:
            return outcome
        return outcome.model_copy(
            update={
                "succeeded": tuple(self.rollout.succeeded),
                "failed": tuple(failure.target_id for failure in self.rollout.failures),
            }
        )


def facts_of(plan: Plan) -> dict[str, Any]:
    """Return what a deployment shows of its plan."""
    return {
        "fleet_size": plan.size,
        "target_count": len(plan.targets),
        "minimum_healthy": plan.minimum_healthy,
        "window": plan.fleet.window,
        "arithmetic": plan.arithmetic,
        "bystanders": plan.bystanders,
        "planned_batches": plan.batch_count,
    }
