"""One deployment, from its turn in the queue to its verdict and, if need be, its compensation."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.deployments import Deployments
from codedeploy.alarm import AlarmReport
from codedeploy.application import ComputePlatform
from codedeploy.deployment import (
    DeploymentInfo,
    DeploymentOutcome,
    DeploymentStatus,
    InterventionRequest,
    Wait,
)
from codedeploy.errors import DeploymentFailure, ErrorCode, RollwayError
from codedeploy.hook import HookReport
from codedeploy.plan import Plan
from codedeploy.rollback import RollbackDecision, decide, wants_rollback
from codedeploy.steering import Stance, Verb
from codedeploy.target_instances import with_fleet_of
from codedeploy.traffic_plan import AnyPlan, changes_between
from workflows import compensation
from workflows.alarms import AlarmWatch
from workflows.courses import Course, Tools, course_of
from workflows.courses.servers import facts_of
from workflows.gates import Gates
from workflows.hook_calls import HookCalls, no_hooks
from workflows.options import QUICK
from workflows.orders import DeploymentOrder, Turn
from workflows.record import Record, previous
from workflows.steered import Steering
from workflows.stoppable import stoppable
from workflows.undo import to_the_end
from workflows.verdict import Verdict, verdict_on


@workflow.defn
class DeploymentWorkflow:
    """Deploys one revision to one group; its id is the deployment id.

    It completes if the deployment succeeds, fails with an `ApplicationError` of CodeDeploy's error
    code if it fails, and ends cancelled if it is stopped. Cancelling it is a stop.
    """

    @workflow.init
    def __init__(self, order: DeploymentOrder) -> None:
        self._order = order
        self._has_turn = order.queued_behind is None
        self._stop: InterventionRequest | None = None
        self._alarm: AlarmReport | None = None
        self._is_committed = False
        self._plan: AnyPlan | None = None
        self._work: asyncio.Task[None] | None = None
        self._alarms = AlarmWatch.of(order)
        self._hooks = HookCalls(order)
        self._gates = Gates.of(order, changed=self._show)
        self._record = Record(order, self._gates)
        self._course: Course[Any] | None = None
        Steering(stance=self._stance, act=self._act, record=self._record.note)

    @workflow.run
    async def run(self, order: DeploymentOrder) -> DeploymentInfo:
        """Wait for the turn, plan, deploy, speak the verdict, compensate."""
        self._work = asyncio.create_task(stoppable(self._deploy))
        if self._stop is not None:
            self._work.cancel()
        try:
            await self._work
            self._conclude()
        except (asyncio.CancelledError, ActivityError, RollwayError) as error:
            self._conclude(verdict_on(error, stop=self._stop, alarm=self._alarm))
        await to_the_end(self._tell_group())
        await self._compensate()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return await self._end()

    @workflow.query
    def info(self) -> DeploymentInfo:
        """Return the deployment as people and the API see it."""
        return self._record.info

    @workflow.query
    def plan(self) -> AnyPlan | None:
        """Return the plan, once there is one."""
        return self._plan

    @workflow.signal
    def proceed(self, turn: Turn) -> None:
        """Give a queued deployment its turn; sent by its group."""
        group = self._order.group
        self._order = self._order.model_copy(
            update={
                "known": turn.known,
                "previous": turn.previous,
                "termination": turn.termination,
                "group": with_fleet_of(turn.serving_group or group, group),
                "held": turn.held,
            }
        )
        self._has_turn = True

    @workflow.update
    def put_lifecycle_event_hook_execution_status(self, report: HookReport) -> str:
        """Take in what a hook function found; return the id of its execution."""
        return self._hooks.take(report)

    @put_lifecycle_event_hook_execution_status.validator
    def _check_hook_report(self, report: HookReport) -> None:
        if self._order.group.compute_platform is ComputePlatform.SERVER:
            raise no_hooks(self._order.deployment_id)
        self._hooks.refuse(report)

    # --- the phases

    async def _deploy(self) -> None:
        await self._wait_for_turn()
        self._record.publish(status=DeploymentStatus.IN_PROGRESS, start_time=workflow.now())
        await self._alarms.check()
        course = self._course = self._record.course = self._chosen_course()
        self._plan = plan = await self._made_plan(course)
        self._record.publish(
            revision=plan.revision.revision,
            revision_label=plan.revision.label,
            deployment_config_name=plan.deployment_config_name,
            **previous(plan.previous_revision),
            **(facts_of(plan) if isinstance(plan, Plan) else {}),
        )
        async with self._alarms.during(self._alarm_fired):
            await course.run(plan)

    async def _wait_for_turn(self) -> None:
        if self._has_turn:
            return
        wait = Wait(reason=f"its turn behind {self._order.queued_behind}")
        self._record.publish(status=DeploymentStatus.QUEUED, wait=wait)
        await workflow.wait_condition(lambda: self._has_turn)
        self._record.publish(wait=None)

    def _chosen_course(self) -> Course[Any]:
        tools = Tools(
            hooks=self._hooks,
            may_start=self._may_start,
            one_by_one=self._gates.exist,
            ready=self._ready,
            look_around=partial(self._alarms.look, self._alarm_fired),
            commit=self._commit,
            changed=self._show,
        )
        return course_of(self._order, tools)

    async def _made_plan(self, course: Course[Any]) -> AnyPlan:
        plan: AnyPlan = await course.make_plan()
        plan_id = self._order.request.plan_id
        if plan_id is None or self._order.rollback_of:
            return plan
        agreed = await workflow.execute_activity_method(
            Deployments.load_plan, plan_id, summary="Compare the plan", **QUICK
        )
        changes = changes_between(agreed, plan)
        if changes:
            raise DeploymentFailure(
                ErrorCode.PLAN_NO_LONGER_HOLDS,
                f"Plan {plan_id} no longer holds: {'; '.join(changes)}. Make a new one with: "
                f"rollway plan {self._order.group.full_name}",
            )
        return plan

    # --- what holds the course back

    async def _may_start(self, number: int) -> None:
        self._record.show()
        if not await self._gates.pass_before(number):
            await self._stop_for_silence(rollback=True)

    async def _ready(self, minutes: int) -> None:
        self._record.publish(status=DeploymentStatus.READY)
        if not await self._gates.ready(timedelta(minutes=minutes)):
            await self._stop_for_silence(rollback=None)
        self._record.publish(status=DeploymentStatus.IN_PROGRESS)

    def _commit(self) -> None:
        """Let nothing stop the deployment any more: what comes now follows from its success.

        Raises:
            CancelledError: It has been stopped already, and what it did then ended all the same.
        """
        reasons = (self._stop, self._alarm, workflow.cancellation_reason())
        if any(reason is not None for reason in reasons):
            raise asyncio.CancelledError
        self._is_committed = True

    async def _stop_for_silence(self, *, rollback: bool | None) -> None:
        overdue = self._gates.overdue
        reason = f"nobody answered in time: {overdue.reason}" if overdue else "deadline"
        self._act(Verb.STOP, InterventionRequest(reason=reason, rollback=rollback))
        await workflow.wait_condition(lambda: False)

    # --- interventions

    def _show(self) -> None:
        self._record.show()

    def _stance(self) -> Stance:
        return Stance(
            deployment_id=self._order.deployment_id,
            group_name=self._order.group.full_name,
            status=self._record.info.status,
            is_paused=self._gates.is_paused,
            is_stopping=self._stop is not None,
            is_committed=self._is_committed,
            awaits_approval=self._gates.awaits_approval,
            awaits_continue=self._gates.awaits_continue,
            puts_back_itself=self._puts_back_itself,
            goes_by_batches=self._order.group.compute_platform is ComputePlatform.SERVER,
        )

    @property
    def _puts_back_itself(self) -> bool:
        order = self._order
        is_one_target = order.group.compute_platform is not ComputePlatform.SERVER
        return is_one_target or order.group.is_blue_green or order.lifecycle_action is not None

    def _act(self, verb: Verb, request: InterventionRequest) -> None:
        match verb:
            case Verb.PAUSE:
                self._gates.is_paused = True
            case Verb.RESUME:
                self._gates.is_paused = False
            case Verb.APPROVE:
                self._gates.approve()
            case Verb.CONTINUE:
                self._gates.go_on()
            case Verb.STOP:
                self._request_stop(request)
            case Verb.ROLLBACK | Verb.REJECT:
                self._request_stop(request.model_copy(update={"rollback": True}))
        self._record.show()

    def _request_stop(self, request: InterventionRequest) -> None:
        if self._stop is not None:
            if request.rollback is not None:
                self._stop = self._stop.model_copy(update={"rollback": request.rollback})
            return
        self._stop = request
        if self._work is not None:
            self._interrupt(self._work)

    def _alarm_fired(self, report: AlarmReport) -> None:
        if self._stop is None and self._work is not None and not self._is_committed:
            self._alarm = report
            self._interrupt(self._work)

    def _interrupt(self, work: asyncio.Task[None]) -> None:
        if self._record.info.status is DeploymentStatus.READY:
            self._record.publish(status=DeploymentStatus.IN_PROGRESS)  # Nobody can continue it now.
        work.cancel()

    # --- the verdict

    def _conclude(self, verdict: Verdict | None = None) -> None:
        self._record.publish(
            status=verdict.status if verdict else DeploymentStatus.SUCCEEDED,
            error_information=verdict.information if verdict else None,
            complete_time=workflow.now(),
        )

    async def _tell_group(self) -> None:
        outcome = DeploymentOutcome(
            deployment_id=self._order.deployment_id,
            status=self._record.info.status,
            creator=self._order.creator,
            revision=self._plan.revision if self._plan else None,
        )
        if self._course is not None:
            outcome = self._course.completed(outcome)
        await compensation.tell_group(self._order.group, outcome)

    # --- the compensation

    async def _compensate(self) -> None:
        is_of_one = self._order.lifecycle_action is not None
        if is_of_one or self._record.info.status is DeploymentStatus.SUCCEEDED:
            return
        if not isinstance(self._plan, Plan) or self._puts_back_itself:
            message = compensation.what_was_put_back(self._record.info)
            self._record.publish_rollback(rollback_message=message)
            return
        decision = self._rollback_decision()
        if decision.revision is None:
            self._record.publish_rollback(rollback_message=decision.message)
            return
        order = compensation.order_of_rollback(self._order, self._plan, decision)
        rollback = await compensation.start_rollback(order, DeploymentWorkflow.run)
        # Only now: whoever reads the id may ask for the deployment.
        self._record.publish_rollback(
            rollback_deployment_id=order.deployment_id,
            rollback_message=f"Rolling back {len(decision.targets)} touched instances to "
            f"{decision.revision.label}: {order.deployment_id}",
        )
        message = await compensation.outcome_of_rollback(order, rollback)
        self._record.publish_rollback(rollback_message=message)

    def _rollback_decision(self) -> RollbackDecision:
        request = self._order.request
        configuration = (
            request.auto_rollback_configuration or self._order.group.auto_rollback_configuration
        )
        return decide(
            is_wanted=wants_rollback(
                self._record.info.status,
                configuration,
                self._stop.rollback if self._stop else None,
                is_alarm=self._alarm is not None,
            ),
            creator=self._order.creator,
            previous=self._order.previous,
            targets=self._course.touched if self._course else {},
        )

    async def _end(self) -> DeploymentInfo:
        info = self._record.info
        if info.status is DeploymentStatus.SUCCEEDED:
            return info
        assert info.error_information is not None
        if info.status is DeploymentStatus.FAILED:
            code, message = info.error_information.code, info.error_information.message
            raise ApplicationError(message, info, type=code, non_retryable=True)
        await compensation.end_cancelled(self._order.deployment_id)
        return info
