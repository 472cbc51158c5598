"""The course of a deployment to one instance that a lifecycle hook holds.

Source: CodeDeploy User Guide, How CodeDeploy works with Amazon EC2 Auto Scaling.
"""

import asyncio
from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.held_instances import HeldInstances
from codedeploy.auto_scaling import (
    HeldInstance,
    LifecycleActionOrder,
    LifecycleActionResult,
    OwedAnswer,
)
from codedeploy.deployment import DeploymentOutcome
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.plan import Plan
from codedeploy.stage import Stage, launch, termination
from workflows.courses.passage import Tools
from workflows.options import CHANGE
from workflows.orders import DeploymentOrder
from workflows.refusal import refusal_in
from workflows.rollout import Rollout
from workflows.traffic_desk import move_traffic
from workflows.undo import to_the_end
from workflows.walks import Walks


class LaunchCourse:
    """Deploys to an instance before it enters service, or before it leaves; then lets it go.

    However it ends, the hook gets its answer: an instance that could not be deployed to is
    abandoned before it serves, and one that is about to leave always may. If the hook cannot be
    told now, the deployment fails, and its group tells it later.
    """

    touched: dict[str, bool] = {}

    def __init__(self, order: DeploymentOrder, action: LifecycleActionOrder, tools: Tools) -> None:
        self._order = order
        self._action = action
        self._walks = Walks(order, tools)
        self._tools = tools
        self._messages: list[str] = []
        self._owed: OwedAnswer | None = None

    async def make_plan(self) -> Plan:
        """Return the plan, which its group has made."""
        assert self._order.plan is not None
        return self._order.plan

    async def run(self, plan: Plan) -> None:
        """Deploy, and answer the hook.

        Raises:
            DeploymentFailure: HEALTH_CONSTRAINTS, the instance could not be deployed to.
            ActivityError: It was deployed to, and the hook cannot be told so.
        """
        try:
            rollout = await self._walks.walk(plan, self._stage)
            if not rollout.succeeded:
                raise DeploymentFailure(ErrorCode.HEALTH_CONSTRAINTS, self._why(rollout))
            self._tools.commit()
        except (Exception, asyncio.CancelledError):
            with suppress(ActivityError):
                await to_the_end(self._give_up())
            raise
        await to_the_end(self._complete(LifecycleActionResult.CONTINUE))

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the batch, the counts, the failure and what became of the instance."""
        if self._rollout is None:
            return {}
        return self._walks.face() | {
            "deployment_overview": self._rollout.overview_at(is_final=is_final),
            "deployment_status_messages": tuple(self._messages),
        }

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with what became of the instance, if it did not just leave."""
        outcome = outcome.model_copy(update={"owed": self._owed})
        if self._rollout is None or not self._instance.is_launching:
            return outcome
        failed = tuple(failure.target_id for failure in self._rollout.failures)
        return outcome.model_copy(
            update={"succeeded": tuple(self._rollout.succeeded), "failed": failed}
        )

    def _why(self, rollout: Rollout) -> str:
        if rollout.failures:
            return rollout.failures[0].message
        return f"{self._instance.name} was terminated before it could be deployed to."

    @property
    def _instance(self) -> HeldInstance:
        return self._action.instance

    @property
    def _rollout(self) -> Rollout | None:
        return self._walks.begun[0] if self._walks.begun else None

    @property
    def _stage(self) -> Stage:
        controls_traffic = self._order.group.controls_traffic
        which = launch if self._instance.is_launching else termination
        return which(with_traffic_control=controls_traffic)

    async def _give_up(self) -> None:
        if not self._instance.is_launching:
            await self._complete(LifecycleActionResult.CONTINUE)
            return
        if self._order.group.controls_traffic:
            with suppress(ActivityError, DeploymentFailure):
                names = (self._instance.name,)
                await move_traffic(self._order, LifecycleEvent.BLOCK_TRAFFIC, names)
        await self._complete(LifecycleActionResult.ABANDON)

    async def _complete(self, result: LifecycleActionResult) -> None:
        try:
            await workflow.execute_activity_method(
                HeldInstances.complete,
                self._action.model_copy(update={"result": result}),
                summary=f"{result} {self._instance.name}",
                **CHANGE,
            )
        except ActivityError as error:
            why = refusal_in(error).message
            self._owed = OwedAnswer(result=result, why=why)
            self._tell(_not_told(self._instance, self._owed))
            raise
        self._tell(_told(self._instance, result))

    def _tell(self, sentence: str) -> None:
        self._messages.append(sentence)
        self._tools.changed()


def _told(instance: HeldInstance, result: LifecycleActionResult) -> str:
    group = instance.auto_scaling_group
    if not instance.is_launching:
        return f"{instance.name} may leave {group}."
    if result is LifecycleActionResult.CONTINUE:
        return f"{instance.name} enters service in {group}."
    return f"{instance.name} was abandoned: {group} terminates it and launches another."


def _not_told(instance: HeldInstance, owed: OwedAnswer) -> str:
    return (
        f"{instance.name} waits in {instance.auto_scaling_group}: its lifecycle hook could not be "
        f"told {owed.result}, which is tried again every minute. {owed.why}"
    )
