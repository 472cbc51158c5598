"""The course of a deployment to a Lambda function: an alias moves from a version to another."""

from typing import Any

from temporalio import workflow

from activities.lambda_functions import LambdaFunctions
from codedeploy.appspec import LambdaAppSpec
from codedeploy.deployment import DeploymentOutcome, LambdaFunctionInfo
from codedeploy.lambda_alias import AliasRoute
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.traffic_plan import TrafficPlan
from workflows.courses.passage import Passage, Tools
from workflows.options import CHANGE
from workflows.orders import DeploymentOrder
from workflows.planning import Basis, lambda_


class LambdaCourse:
    """Moves an alias; ended in any way but well, it points to one version again: the old one."""

    touched: dict[str, bool] = {}

    def __init__(self, order: DeploymentOrder, tools: Tools) -> None:
        self._order = order
        self._tools = tools
        self._plan: TrafficPlan | None = None
        self._passage: Passage | None = None

    async def make_plan(self) -> TrafficPlan:
        """Return the plan; the alias is only looked at."""
        return await lambda_.make_plan(Basis.of_order(self._order))

    async def run(self, plan: TrafficPlan) -> None:
        """Ask, shift, ask; put the alias back if anything of it fails or is stopped."""
        self._plan = plan
        self._passage = passage = Passage(plan, self._tools)
        if plan.no_op:
            passage.pass_over()
            return
        async with passage.begun():
            await passage.hook(LifecycleEvent.BEFORE_ALLOW_TRAFFIC)
            async with passage.event(LifecycleEvent.ALLOW_TRAFFIC):
                await passage.shift(
                    self._route, back=f"{plan.target} points to version {plan.original} again."
                )
            await passage.hook(LifecycleEvent.AFTER_ALLOW_TRAFFIC)

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the target, its traffic, and the function with its weight."""
        if self._passage is None or self._plan is None:
            return {}
        info = LambdaFunctionInfo(
            function_name=self._appspec.function_name,
            function_alias=self._appspec.alias,
            current_version=self._plan.original,
            target_version=self._plan.replacement,
            target_version_weight=self._passage.percent,
        )
        return self._passage.face() | {"lambda_function_info": info}

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` as it is: a function keeps no instances in memory."""
        return outcome

    @property
    def _appspec(self) -> LambdaAppSpec:
        assert self._plan is not None
        assert self._plan.appspec.lambda_ is not None
        return self._plan.appspec.lambda_

    async def _route(self, percent: int) -> None:
        assert self._plan is not None
        route = AliasRoute(
            function_name=self._appspec.function_name,
            alias=self._appspec.alias,
            original=int(self._plan.original),
            target=self._appspec.target_version,
            target_percent=percent,
            role_arn=self._order.group.service_role_arn,
        )
        await workflow.execute_activity_method(
            LambdaFunctions.route,
            route,
            summary=f"{percent}% to version {route.target}",
            **CHANGE,
        )
