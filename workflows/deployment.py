"""One deployment, from its turn in the queue to its verdict and, if need be, its compensation."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.deployments import Deployments
from codedeploy.deployment import (
    DeploymentInfo,
    DeploymentOutcome,
    DeploymentStatus,
    ErrorInformation,
    InterventionRequest,
    Wait,
)
from codedeploy.errors import DeploymentFailure, ErrorCode, RollwayError, error_code_of
from codedeploy.failures import health_constraints_message
from codedeploy.plan import Plan, differences
from codedeploy.rollback import RollbackDecision, decide, wants_rollback
from codedeploy.steering import Stance, Verb
from workflows import compensation
from workflows.gates import Gates
from workflows.options import QUICK
from workflows.orders import DeploymentOrder, Turn
from workflows.planning import make_plan
from workflows.record import Record, previous
from workflows.rollout import Rollout
from workflows.steered import Steering


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
        self._plan: Plan | None = None
        self._rollout: Rollout | None = None
        self._work: asyncio.Task[None] | None = None
        request, group = order.request, order.group
        approvals = group.approvals if request.approvals is None else request.approvals
        self._gates = Gates(() if order.rollback_of else approvals, changed=self._show)
        self._record = Record(order, self._gates)
        Steering(stance=self._stance, act=self._act, record=self._record.note)

    @workflow.run
    async def run(self, order: DeploymentOrder) -> DeploymentInfo:
        """Wait for the turn, plan, deploy, speak the verdict, compensate."""
        self._work = asyncio.create_task(self._deploy())
        if self._stop is not None:
            self._work.cancel()
        try:
            await self._work
            self._judge()
        except asyncio.CancelledError:
            self._conclude_stopped()
        except RollwayError as failure:
            self._conclude(DeploymentStatus.FAILED, error_code_of(failure.code), failure.message)
        except ActivityError as error:
            self._conclude(DeploymentStatus.FAILED, *_code_and_message(error))
        await self._tell_group()
        await self._compensate()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return await self._end()

    @workflow.query
    def info(self) -> DeploymentInfo:
        """Return the deployment as people and the API see it."""
        return self._record.info

    @workflow.query
    def plan(self) -> Plan | None:
        """Return the plan, once there is one."""
        return self._plan

    @workflow.signal
    def proceed(self, turn: Turn) -> None:
        """Give a queued deployment its turn; sent by its group."""
        self._order = self._order.model_copy(
            update={"known": turn.known, "previous": turn.previous}
        )
        self._has_turn = True

    # --- the phases

    async def _deploy(self) -> None:
        await self._wait_for_turn()
        self._record.publish(status=DeploymentStatus.IN_PROGRESS, start_time=workflow.now())
        self._plan = plan = await self._made_plan()
        self._record.publish(
            revision=plan.revision.revision,
            revision_label=plan.revision.label,
            deployment_config_name=plan.deployment_config_name,
            fleet_size=plan.size,
            target_count=len(plan.targets),
            minimum_healthy=plan.minimum_healthy,
            window=plan.fleet.window,
            arithmetic=plan.arithmetic,
            bystanders=plan.bystanders,
            planned_batches=plan.batch_count,
            **previous(plan.previous_revision),
        )
        self._rollout = Rollout(
            self._order, plan, may_start=self._may_start, has_gates=self._gates.exist
        )
        self._record.rollout = self._rollout
        await self._rollout.run()

    async def _wait_for_turn(self) -> None:
        if self._has_turn:
            return
        wait = Wait(reason=f"its turn behind {self._order.queued_behind}")
        self._record.publish(status=DeploymentStatus.QUEUED, wait=wait)
        await workflow.wait_condition(lambda: self._has_turn)
        self._record.publish(wait=None)

    async def _made_plan(self) -> Plan:
        order = self._order
        if order.plan is not None:
            return order.plan
        plan = await make_plan(order.request, order.group, order.known, order.previous)
        if order.request.plan_id is not None:
            agreed = await workflow.execute_activity_method(
                Deployments.load_plan, order.request.plan_id, summary="Compare the plan", **QUICK
            )
            changes = differences(agreed, plan)
            if changes:
                raise DeploymentFailure(
                    ErrorCode.PLAN_NO_LONGER_HOLDS,
                    f"Plan {agreed.plan_id} no longer holds: {'; '.join(changes)}. Make a new one "
                    f"with: rollway plan {order.group.full_name}",
                )
        return plan

    async def _may_start(self, batch: int) -> None:
        self._record.show()
        if await self._gates.pass_before(batch):
            return
        overdue = self._gates.overdue
        reason = f"nobody answered the {overdue.reason} in time" if overdue else "deadline"
        self._act(Verb.STOP, InterventionRequest(reason=reason, rollback=True))
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
            awaits_approval=self._gates.awaits_approval,
        )

    def _act(self, verb: Verb, request: InterventionRequest) -> None:
        match verb:
            case Verb.PAUSE:
                self._gates.is_paused = True
            case Verb.RESUME:
                self._gates.is_paused = False
            case Verb.APPROVE:
                self._gates.approve()
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
            self._work.cancel()

    # --- the verdict

    def _judge(self) -> None:
        rollout, plan = self._rollout, self._plan
        assert rollout is not None
        assert plan is not None
        if rollout.is_success:
            self._record.publish(status=DeploymentStatus.SUCCEEDED, complete_time=workflow.now())
            return
        message = health_constraints_message(
            rollout.failures, size=plan.size, minimum_healthy=plan.minimum_healthy
        )
        self._conclude(DeploymentStatus.FAILED, ErrorCode.HEALTH_CONSTRAINTS, message)

    def _conclude_stopped(self) -> None:
        request = self._stop or InterventionRequest(reason="cancellation was requested")
        self._stop = request
        why = f": {request.reason}" if request.reason else ""
        who = f" by {request.by}" if request.by else ""
        self._conclude(DeploymentStatus.STOPPED, ErrorCode.MANUAL_STOP, f"Stopped{who}{why}")

    def _conclude(self, status: DeploymentStatus, code: str, message: str) -> None:
        self._record.publish(
            status=status,
            error_information=ErrorInformation(code=code, message=message),
            complete_time=workflow.now(),
        )

    async def _tell_group(self) -> None:
        rollout = self._rollout
        outcome = DeploymentOutcome(
            deployment_id=self._order.deployment_id,
            status=self._record.info.status,
            creator=self._order.creator,
            revision=self._plan.revision if self._plan else None,
            succeeded=tuple(rollout.succeeded) if rollout else (),
            failed=tuple(f.target_id for f in rollout.failures) if rollout else (),
        )
        await compensation.tell_group(self._order.group, outcome)

    # --- the compensation

    async def _compensate(self) -> None:
        if self._record.info.status is DeploymentStatus.SUCCEEDED:
            return
        decision = self._rollback_decision()
        if decision.revision is None or self._plan is None:
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
                self._record.info.status, configuration, self._stop.rollback if self._stop else None
            ),
            creator=self._order.creator,
            previous=self._order.previous,
            targets=self._rollout.touched if self._rollout else {},
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


def _code_and_message(error: ActivityError) -> tuple[str, str]:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return error_code_of(cause.type or ErrorCode.INTERNAL_ERROR), cause.message
    return ErrorCode.INTERNAL_ERROR, f"{error.activity_type} did not answer: {cause}"
