"""A deployment group, as an entity: its definition, its lock, its queue, its memory."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError, is_cancelled_exception
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

from codedeploy.configs import DeploymentConfig
from codedeploy.deployment import (
    DeploymentInfo,
    DeploymentOutcome,
    DeploymentRequest,
    DeploymentStatus,
    InterventionRequest,
)
from codedeploy.deployment_group import DeploymentGroup, QueuePolicy
from codedeploy.errors import (
    DeploymentLimitExceeded,
    InvalidComputePlatform,
    InvalidRevision,
    RollwayError,
)
from codedeploy.group_info import (
    DeploymentGroupInfo,
    DeploymentRecord,
    ended,
    known_of,
    recorded,
    released,
)
from codedeploy.group_rules import check_config
from codedeploy.identifiers import new_deployment_id
from codedeploy.steering import Verb
from workflows.compensation import attributes_of
from workflows.deployment import DeploymentWorkflow
from workflows.orders import DeploymentOrder, Turn
from workflows.planning.basis import load_config

Child = ChildWorkflowHandle[DeploymentWorkflow, DeploymentInfo]


@workflow.defn
class DeploymentGroupWorkflow:
    """Starts the group's deployments, one at a time, and remembers how they ended.

    A deployment is a child: however it ends, be it terminated from outside, the group is told and
    its lock is free. The entity continues as new only while no deployment runs, so that it never
    loses sight of one.
    """

    @workflow.init
    def __init__(self, info: DeploymentGroupInfo) -> None:
        self._info = info
        self._children: dict[str, Child] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}

    @workflow.run
    async def run(self, info: DeploymentGroupInfo) -> None:
        """Live for ever."""
        await workflow.wait_condition(
            lambda: workflow.info().is_continue_as_new_suggested() and not self._children
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._info)

    @workflow.query
    def info(self) -> DeploymentGroupInfo:
        """Return all that is known of the group."""
        return self._info

    @workflow.update
    def define(self, group: DeploymentGroup) -> bool:
        """Remember the definition; return whether that changed anything."""
        is_changed = group != self._info.group
        self._info = self._info.model_copy(update={"group": group})
        return is_changed

    @workflow.update
    async def create_deployment(self, request: DeploymentRequest) -> str:
        """Start a deployment, or queue it, and return its id.

        The same `idempotency_key` again returns the id of the first call.
        """
        earlier = self._earlier(request)
        if earlier is not None:
            return earlier
        if request.deployment_config_name is not None:
            self._may_use(await load_config(request.deployment_config_name))
        # That await lets another request in: ask again whether this one may start.
        self._may_create(request)
        order = self._order(request)
        if self._info.group.queue_policy is QueuePolicy.SUPERSEDE:
            await self._stop_all(order.deployment_id)
        await self._start(order)
        return order.deployment_id

    @create_deployment.validator
    def _check_request(self, request: DeploymentRequest) -> None:
        self._may_create(request)

    def _may_create(self, request: DeploymentRequest) -> None:
        problem = None if self._earlier(request) else self._refusal(request)
        if problem is not None:
            raise _refused(problem)

    def _may_use(self, config: DeploymentConfig) -> None:
        try:
            check_config(self._info.group, config)
        except InvalidComputePlatform as problem:
            raise _refused(problem) from problem

    @workflow.signal
    def deployment_ended(self, outcome: DeploymentOutcome) -> None:
        """Remember how a deployment ended; sent by it before it takes anything back."""
        self._info = ended(self._info, outcome, workflow.now())

    def _refusal(self, request: DeploymentRequest) -> RollwayError | None:
        info = self._info
        if info.active is not None and info.group.queue_policy is QueuePolicy.REJECT:
            return DeploymentLimitExceeded(
                f"The deployment group {info.group.full_name} already has an active deployment "
                f"{info.active}. Wait for it (rollway status {info.active} --watch), stop it "
                f"(rollway stop {info.active}), or set the group's queuePolicy to QUEUE or "
                "SUPERSEDE."
            )
        if request.revision is None and info.last_successful_revision is None:
            return InvalidRevision(
                f"No revision was named, and none ever succeeded in {info.group.full_name}. "
                "Name one with --revision."
            )
        return None

    def _earlier(self, request: DeploymentRequest) -> str | None:
        key = request.idempotency_key
        matching = (
            record.deployment_id
            for record in self._info.history
            if key is not None and record.idempotency_key == key
        )
        return next(matching, None)

    def _order(self, request: DeploymentRequest) -> DeploymentOrder:
        waiting = [*filter(None, [self._info.active]), *self._info.queue]
        return DeploymentOrder(
            deployment_id=new_deployment_id(workflow.random().choice),
            request=request,
            group=self._info.group,
            deployment_group_id=self._info.deployment_group_id,
            known=known_of(self._info),
            previous=self._info.last_successful_revision,
            termination=self._info.termination,
            create_time=workflow.now(),
            queued_behind=waiting[-1] if waiting else None,
        )

    async def _start(self, order: DeploymentOrder) -> None:
        self._info = recorded(self._info, _record_of(order))
        label = order.request.revision.label if order.request.revision else "last good revision"
        child: Child = await workflow.start_child_workflow(
            DeploymentWorkflow.run,
            order,
            id=order.deployment_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Deploy {label} to {order.group.full_name}",
            search_attributes=attributes_of(order, label),
        )
        self._children[order.deployment_id] = child
        self._followers[order.deployment_id] = asyncio.create_task(
            self._follow(order.deployment_id, child)
        )

    async def _follow(self, deployment_id: str, child: Child) -> None:
        """Wait for the end of a deployment, whatever it is, and give the turn to the next."""
        try:
            await child
            status = DeploymentStatus.SUCCEEDED
        except ChildWorkflowError as error:
            is_stopped = is_cancelled_exception(error)
            status = DeploymentStatus.STOPPED if is_stopped else DeploymentStatus.FAILED
        del self._children[deployment_id], self._followers[deployment_id]
        had_lock = self._info.active == deployment_id
        self._info = released(self._info, deployment_id, status, workflow.now())
        following = self._children.get(self._info.active or "")
        if had_lock and following is not None:
            turn = Turn(
                known=known_of(self._info),
                previous=self._info.last_successful_revision,
                termination=self._info.termination,
            )
            await following.signal(DeploymentWorkflow.proceed, turn)

    async def _stop_all(self, successor: str) -> None:
        request = InterventionRequest(reason=f"superseded by {successor}", rollback=False)
        for child in list(self._children.values()):
            await child.signal(Verb.STOP.value, request)


def _refused(problem: RollwayError) -> ApplicationError:
    return ApplicationError(problem.message, type=problem.code, non_retryable=True)


def _record_of(order: DeploymentOrder) -> DeploymentRecord:
    revision = order.request.revision
    return DeploymentRecord(
        deployment_id=order.deployment_id,
        revision_label=revision.label if revision else "",
        create_time=order.create_time,
        idempotency_key=order.request.idempotency_key,
    )
