"""The course of a deployment to an ECS service: new tasks beside the old, then the traffic."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TemporalTimeout

from activities.ecs_services import EcsServices
from activities.listeners import RULES_GONE, Listeners
from codedeploy.deployment import DeploymentOutcome, ECSTaskSet
from codedeploy.ecs_rules import replacement_of
from codedeploy.ecs_service import (
    ACTIVE,
    PRIMARY,
    EcsFacts,
    Listener,
    ListenerRoute,
    TaskSet,
    TaskSetQuestion,
)
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.target import TargetLabel
from codedeploy.traffic_plan import TrafficPlan
from workflows.courses.ending import Ending
from workflows.courses.passage import Passage, Tools
from workflows.options import CHANGE, LONG_CHANGE, awaiting
from workflows.orders import DeploymentOrder, TerminationOrder
from workflows.planning import ecs

STEADY_LIMIT = timedelta(hours=1)
"""Source: CodeDeploy User Guide, ECS deployments: the replacement has an hour to become steady."""


class EcsCourse:
    """Replaces the tasks of a service; ended in any way but well, everything is as it was."""

    touched: dict[str, bool] = {}

    def __init__(self, order: DeploymentOrder, tools: Tools) -> None:
        self._order = order
        self._tools = tools
        self._plan: TrafficPlan | None = None
        self._passage: Passage | None = None
        self._replacement: TaskSet | None = None
        self._ending = Ending(order)
        self._primary: str | None = None

    async def make_plan(self) -> TrafficPlan:
        """Return the plan, once what the deployment before left to do is done."""
        return await ecs.make_plan(await self._ending.basis())

    async def run(self, plan: TrafficPlan) -> None:
        """Install beside the original, test, shift; put everything back if that does not end well.

        The original is ended later, by a workflow of its own.
        """
        self._plan = plan
        self._passage = passage = Passage(plan, self._tools)
        async with passage.begun():
            await passage.hook(LifecycleEvent.BEFORE_INSTALL)
            async with passage.event(LifecycleEvent.INSTALL):
                await self._install(passage)
            await passage.hook(LifecycleEvent.AFTER_INSTALL)
            await self._test(passage)
            await passage.ready()
            await passage.hook(LifecycleEvent.BEFORE_ALLOW_TRAFFIC)
            async with passage.event(LifecycleEvent.ALLOW_TRAFFIC):
                await self._reroute(passage)
            await passage.hook(LifecycleEvent.AFTER_ALLOW_TRAFFIC)
        await self._leave(plan, passage)

    # --- the steps

    async def _install(self, passage: Passage) -> None:
        facts = self._facts
        if facts.production.is_weighted:
            passage.undo.push(
                f"The production listener forwards to {facts.blue.name} alone again.",
                lambda: self._give_back(passage, facts.production),
            )
            await self._route(facts.production, 0, keeps_both=True)
        passage.undo.push("The replacement task set was deleted.", self._delete_replacement)
        self._replacement = await self._create_replacement()
        self._replacement = await self._until_steady()

    async def _test(self, passage: Passage) -> None:
        listener = self._facts.test
        if listener is None:
            return
        async with passage.event(LifecycleEvent.ALLOW_TEST_TRAFFIC):
            passage.undo.push(
                "The test listener was put back.", lambda: self._give_back(passage, listener)
            )
            await self._route(listener, 100)
        await passage.hook(LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC)

    async def _reroute(self, passage: Passage) -> None:
        facts = self._facts
        await passage.shift(
            self._shift,
            back=f"All production traffic goes to {facts.blue.name} again.",
            else_keeps=f"{facts.green.name} may still have production traffic. Give all of it to "
            f"{facts.blue.name} at the listener, then do this by hand.",
        )
        passage.undo.push(
            "The original task set is the primary one again.",
            lambda: self._make_primary(facts.original),
        )
        assert self._replacement is not None
        await self._make_primary(self._replacement)

    async def _leave(self, plan: TrafficPlan, passage: Passage) -> None:
        original = self._facts.original
        end = TerminationOrder(
            question=self._question(original).model_copy(
                update={"spared_by": self._facts.production.arn}
            ),
            wait_minutes=plan.termination_wait_minutes,
            detachment=self._detachment,
        )
        summary = f"Delete the task set {original.id} of {plan.target}"
        await self._ending.leave(end, summary=summary, task_set=original.id)
        passage.say(_kept(original, plan.termination_wait_minutes))

    # --- what it shows

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the target, its traffic, and the two task sets."""
        if self._passage is None or self._plan is None:
            return {}
        return self._passage.face() | {
            "task_sets_info": tuple(self._task_sets(self._passage.percent)),
            "instance_termination_wait_time_started": self._ending.termination is not None,
        }

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with what is left to do."""
        return outcome.model_copy(update={"termination": self._ending.termination})

    def _task_sets(self, percent: int) -> list[ECSTaskSet]:
        facts = self._facts
        blue = self._shown(facts.original, TargetLabel.BLUE, 100 - percent)
        if self._replacement is None:
            return [blue]
        return [blue, self._shown(self._replacement, TargetLabel.GREEN, percent)]

    def _shown(self, task_set: TaskSet, label: TargetLabel, percent: int) -> ECSTaskSet:
        facts = self._facts
        is_primary = task_set.id == (self._primary or facts.original.id)
        return ECSTaskSet(
            identifer=task_set.id,
            desired_count=task_set.desired_count,
            pending_count=task_set.pending_count,
            running_count=task_set.running_count,
            status=PRIMARY if is_primary else ACTIVE,
            traffic_weight=percent,
            target_group=(facts.blue if label is TargetLabel.BLUE else facts.green).name,
            task_set_label=label,
        )

    # --- the calls

    @property
    def _facts(self) -> EcsFacts:
        assert self._plan is not None
        assert self._plan.ecs is not None
        return self._plan.ecs

    async def _create_replacement(self) -> TaskSet:
        assert self._plan is not None
        appspec = self._plan.appspec.ecs
        assert appspec is not None
        return await workflow.execute_activity_method(
            EcsServices.create_replacement,
            replacement_of(self._facts, appspec, self._order.deployment_id),
            summary=f"Create a task set of {self._plan.replacement}",
            **CHANGE,
        )

    async def _until_steady(self) -> TaskSet:
        assert self._replacement is not None
        attached = self._facts.green.arn if self._facts.production.is_weighted else None
        question = self._question(self._replacement, target_group_arn=attached)
        try:
            return await workflow.execute_activity_method(
                EcsServices.until_steady,
                question,
                summary=f"Wait until {self._replacement.id} is steady",
                **awaiting(STEADY_LIMIT),
            )
        except ActivityError as error:
            if not isinstance(error.cause, TemporalTimeout):
                raise
            last = _last_seen(error.cause, self._replacement)
            raise DeploymentFailure(ErrorCode.TIMEOUT, _unsteady(last)) from error

    async def _delete_replacement(self) -> None:
        question = self._question(self._replacement).model_copy(
            update={"external_id": self._order.deployment_id}
        )
        await workflow.execute_activity_method(
            EcsServices.delete, question, summary="Delete the replacement task set", **LONG_CHANGE
        )
        self._replacement = None

    async def _make_primary(self, task_set: TaskSet) -> None:
        await workflow.execute_activity_method(
            EcsServices.make_primary,
            self._question(task_set),
            summary=f"Make {task_set.id} primary",
            **CHANGE,
        )
        self._primary = task_set.id

    async def _shift(self, percent: int) -> None:
        """Move the production traffic; both target groups stay attached.

        Targets of a group that is behind no listener do not drain: deleting their tasks would cut
        off the requests they have, and those that a load balancer behind the times still sends.
        """
        production = self._facts.production
        if percent:
            await self._route(production, percent, keeps_both=production.is_weighted)
        else:
            assert self._passage is not None
            await self._give_back(self._passage, production, keeps_both=production.is_weighted)

    async def _give_back(
        self, passage: Passage, listener: Listener, *, keeps_both: bool = False
    ) -> None:
        """Give everything to the original; a rule that is gone has no traffic, and is told of."""
        try:
            await self._route(listener, 0, keeps_both=keeps_both)
        except ActivityError as error:
            cause = error.cause
            if not isinstance(cause, ApplicationError) or RULES_GONE not in cause.details:
                raise
            passage.undo.leave_behind(cause.message)

    @property
    def _detachment(self) -> ListenerRoute | None:
        """What is left to do at the production listener when the original tasks have drained."""
        production = self._facts.production
        if not production.is_weighted:
            return None
        return self._divided(production, 100).model_copy(update={"only_detaches": True})

    def _divided(self, listener: Listener, percent: int) -> ListenerRoute:
        facts = self._facts
        return ListenerRoute(
            before=listener,
            blue_arn=facts.blue.arn,
            green_arn=facts.green.arn,
            green_percent=percent,
            role_arn=facts.role_arn,
        )

    async def _route(self, listener: Listener, percent: int, *, keeps_both: bool = False) -> None:
        facts = self._facts
        route = self._divided(listener, percent).model_copy(update={"keeps_both": keeps_both})
        which = "test" if listener is facts.test else "production"
        await workflow.execute_activity_method(
            Listeners.route,
            route,
            summary=f"{percent}% of {which} traffic to {facts.green.name}",
            **CHANGE,
        )

    def _question(
        self, task_set: TaskSet | None, *, target_group_arn: str | None = None
    ) -> TaskSetQuestion:
        service = self._facts.service
        return TaskSetQuestion(
            cluster=service.cluster_arn,
            service=service.service_arn,
            task_set=task_set.arn if task_set else None,
            target_group_arn=target_group_arn,
            role_arn=self._facts.role_arn,
        )


def _kept(original: TaskSet, minutes: int) -> str:
    when = f"in {minutes} min" if minutes else "now"
    return f"The original task set {original.id} is deleted {when}."


def _last_seen(timeout: TemporalTimeout, task_set: TaskSet) -> TaskSet:
    details = timeout.last_heartbeat_details
    return TaskSet.model_validate(details[0]) if details else task_set


def _unsteady(task_set: TaskSet) -> str:
    trouble = f" Last trouble: {task_set.trouble}." if task_set.trouble else ""
    return (
        f"The replacement task set {task_set.id} of {task_set.task_definition} was not steady "
        f"within {STEADY_LIMIT.total_seconds() / 60:.0f} min: {task_set.running_count} of "
        f"{task_set.desired_count} tasks run.{trouble} Correct the task definition or its health "
        "check, and deploy again."
    )
