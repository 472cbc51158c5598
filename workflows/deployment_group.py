"""A deployment group, as an entity: its definition, its lock, its queue, its memory."""

import asyncio
from contextlib import suppress
from itertools import takewhile

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError, is_cancelled_exception
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

from codedeploy.auto_scaling import HeldReport
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment import (
    Creator,
    DeploymentInfo,
    DeploymentOutcome,
    DeploymentStatus,
    InterventionRequest,
)
from codedeploy.deployment_group import DeploymentGroup, QueuePolicy
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import InvalidComputePlatform, RollwayError
from codedeploy.group_info import (
    DeploymentGroupInfo,
    DeploymentRecord,
    ended,
    known_of,
    recorded,
    redefined,
    released,
)
from codedeploy.group_rules import check_config
from codedeploy.identifiers import new_deployment_id
from codedeploy.request_rules import refusals
from codedeploy.steering import Verb
from workflows.compensation import attributes_of
from workflows.deployment import DeploymentWorkflow
from workflows.launches import Launches, Memory
from workflows.orders import DeploymentOrder, Turn
from workflows.planning.basis import load_config
from workflows.scaling_admission import install_hooks

Child = ChildWorkflowHandle[DeploymentWorkflow, DeploymentInfo]


@workflow.defn
class DeploymentGroupWorkflow:
    """Starts the group's deployments, one at a time, and remembers how they ended.

    A deployment is a child: however it ends, be it terminated from outside, the group is told and
    its lock is free. The entity continues as new only while no deployment runs, so that it never
    loses sight of one. It ends if its first definition is refused.
    """

    @workflow.init
    def __init__(self, info: DeploymentGroupInfo) -> None:
        self._memory = Memory(info)
        self._launches = Launches(self._memory, self._start_beside)
        self._children: dict[str, Child] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._defining = asyncio.Lock()
        self._is_refused = False

    @workflow.run
    async def run(self, info: DeploymentGroupInfo) -> None:
        """Live for ever."""
        await workflow.wait_condition(lambda: self._is_idle and self._may_end)
        if self._info.is_defined:
            workflow.continue_as_new(self._info)

    @property
    def _is_idle(self) -> bool:
        # Followers outlive their children: they tell hooks, and start what is due next.
        return workflow.all_handlers_finished() and not self._followers

    @property
    def _may_end(self) -> bool:
        is_nothing = self._is_refused and not self._info.is_defined
        return is_nothing or workflow.info().is_continue_as_new_suggested()

    @property
    def _info(self) -> DeploymentGroupInfo:
        return self._memory.info

    @_info.setter
    def _info(self, info: DeploymentGroupInfo) -> None:
        self._memory.info = info

    @workflow.query
    def info(self) -> DeploymentGroupInfo:
        """Return all that is known of the group."""
        return self._info

    @workflow.update
    async def define(self, group: DeploymentGroup) -> bool:
        """Remember the definition; return whether that changed anything.

        Its Auto Scaling groups have their lifecycle hooks before it is remembered. If one cannot
        have them, the definition is refused, and the one before stands.
        """
        async with self._defining:
            await self._install_hooks(group)
            # That await lets deployments end: only now compare, and change what is known now.
            is_changed = group != self._info.group
            self._info = redefined(self._info, group)
            await self._launches.watch()
        return is_changed

    async def _install_hooks(self, group: DeploymentGroup) -> None:
        try:
            await install_hooks(self._info, group)
        except ApplicationError:
            self._is_refused = True
            if self._info.is_defined:
                await self._launches.watch()  # Hooks that both definitions share may have changed.
            raise

    @workflow.update
    async def create_deployment(self, request: DeploymentRequest) -> str:
        """Start a deployment, or queue it, and return its id.

        The same `idempotency_key` again returns the id of the first call.
        """
        if self._earlier(request) is None and request.deployment_config_name is not None:
            self._may_use(await load_config(request.deployment_config_name))
        # That await lets another request in, maybe the same one: ask again about both.
        earlier = self._earlier(request)
        if earlier is not None:
            return earlier
        self._may_create(request)
        order = self._order(request)
        await self._start(order)
        if self._info.group.queue_policy is QueuePolicy.SUPERSEDE:
            await self._stop_all_before(order.deployment_id)
        return order.deployment_id

    @create_deployment.validator
    def _check_request(self, request: DeploymentRequest) -> None:
        self._may_create(request)

    def _may_create(self, request: DeploymentRequest) -> None:
        if self._earlier(request) is not None:
            return
        for problem in refusals(self._info, request):
            raise _refused(problem)

    def _may_use(self, config: DeploymentConfig) -> None:
        try:
            check_config(self._info.group, config)
        except InvalidComputePlatform as problem:
            raise _refused(problem) from problem

    @workflow.signal
    async def deployment_ended(self, outcome: DeploymentOutcome) -> None:
        """Remember how a deployment ended; sent by it before it takes anything back."""
        self._info = ended(self._info, outcome, workflow.now())
        self._launches.learn(outcome)
        if outcome.fleet is not None:
            await self._launches.watch()
        if outcome.creator is Creator.ROLLBACK:
            await self._launches.let_in()

    @workflow.signal
    async def instances_held(self, report: HeldReport) -> None:
        """See to instances on their way into or out of Auto Scaling groups; sent by the watch."""
        await self._launches.take(report)
        await self._bring_up_to_date()

    def _earlier(self, request: DeploymentRequest) -> str | None:
        key = request.idempotency_key
        matching = (
            record.deployment_id
            for record in self._info.history
            if key is not None and record.idempotency_key == key
        )
        return next(matching, None)

    def _order(
        self, request: DeploymentRequest, *, creator: Creator = Creator.USER
    ) -> DeploymentOrder:
        waiting = [*filter(None, [self._info.active]), *self._info.queue]
        return DeploymentOrder(
            deployment_id=new_deployment_id(workflow.random().choice),
            request=request,
            group=self._info.serving_group,
            deployment_group_id=self._info.deployment_group_id,
            known=known_of(self._info),
            previous=self._info.last_successful_revision,
            termination=self._info.termination,
            creator=creator,
            create_time=workflow.now(),
            held=_held(self._info),
            queued_behind=waiting[-1] if waiting else None,
        )

    async def _start(self, order: DeploymentOrder) -> None:
        """Start a deployment, which has the lock or waits for it."""
        self._info = recorded(self._info, _record_of(order))
        await self._start_beside(order)
        # That await lets the one before end: nobody could give the turn to who was not there yet.
        if order.queued_behind is not None and self._info.active == order.deployment_id:
            await self._give_turn(order.deployment_id)

    async def _start_beside(self, order: DeploymentOrder) -> None:
        """Start a deployment, whoever has the lock."""
        label = _label_of(order)
        child: Child = await workflow.start_child_workflow(
            DeploymentWorkflow.run,
            order,
            id=order.deployment_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Deploy {label} to {_subject_of(order)}",
            search_attributes=attributes_of(order, label),
        )
        self._children[order.deployment_id] = child
        self._followers[order.deployment_id] = asyncio.create_task(self._follow(order, child))

    async def _follow(self, order: DeploymentOrder, child: Child) -> None:
        """Wait for the end of a deployment, whatever it is, and do what is due then."""
        try:
            await child
            status = DeploymentStatus.SUCCEEDED
        except ChildWorkflowError as error:
            is_stopped = is_cancelled_exception(error)
            status = DeploymentStatus.STOPPED if is_stopped else DeploymentStatus.FAILED
        del self._children[order.deployment_id]
        await self._go_on_after(order, status)
        del self._followers[order.deployment_id]

    async def _go_on_after(self, order: DeploymentOrder, status: DeploymentStatus) -> None:
        if order.lifecycle_action is not None:
            await self._launches.forget(order.deployment_id)
        else:
            await self._pass_turn(order.deployment_id, status)
        is_success = status is DeploymentStatus.SUCCEEDED
        if is_success and order.shows_that_the_revision_works:
            await self._launches.resume()
        await self._bring_up_to_date()

    async def _pass_turn(self, deployment_id: str, status: DeploymentStatus) -> None:
        """Give the lock of a deployment that is over to the next in the queue."""
        had_lock = self._info.active == deployment_id
        self._info = released(self._info, deployment_id, status, workflow.now())
        if had_lock and self._info.active is not None:
            await self._give_turn(self._info.active)

    async def _give_turn(self, deployment_id: str) -> None:
        """Let a deployment go on that has the lock now; one that is about to start is told then."""
        child = self._children.get(deployment_id)
        if child is not None:
            with suppress(ApplicationError):  # It is gone, and passes the turn on.
                await child.signal(DeploymentWorkflow.proceed, self._turn())

    def _turn(self) -> Turn:
        info = self._info
        return Turn(
            known=known_of(info),
            previous=info.last_successful_revision,
            termination=info.termination,
            serving_group=info.serving_group,
            held=_held(info),
        )

    async def _bring_up_to_date(self) -> None:
        """Start the deployment to instances that were launched with an older revision, if due."""
        request = self._launches.outdated_request()
        if request is not None:
            order = self._order(request, creator=Creator.AUTO_UPDATE)
            root = self._info.last_successful_deployment
            await self._start(
                order.model_copy(update={"group": order.group.in_place, "root": root})
            )

    async def _stop_all_before(self, successor: str) -> None:
        """Stop who has the lock, and who waits for it; launches have nothing to do with it."""
        request = InterventionRequest(reason=f"superseded by {successor}", rollback=False)
        waiting = (self._info.active, *self._info.queue)
        for deployment_id in takewhile(lambda one: one != successor, waiting):
            child = self._children.get(deployment_id or "")
            if child is not None:
                with suppress(ApplicationError):  # It has just ended.
                    await child.signal(Verb.STOP.value, request)


def _held(info: DeploymentGroupInfo) -> tuple[str, ...]:
    return tuple(instance.name for instance in info.launches.kept)


def _refused(problem: RollwayError) -> ApplicationError:
    return ApplicationError(problem.message, type=problem.code, non_retryable=True)


def _label_of(order: DeploymentOrder) -> str:
    if order.plan is not None:
        return order.plan.revision.label
    return order.request.revision.label if order.request.revision else "last good revision"


def _subject_of(order: DeploymentOrder) -> str:
    if order.lifecycle_action is not None:
        return f"{order.lifecycle_action.instance.name} of {order.group.full_name}"
    return order.group.full_name


def _record_of(order: DeploymentOrder) -> DeploymentRecord:
    revision = order.request.revision
    return DeploymentRecord(
        deployment_id=order.deployment_id,
        creator=order.creator,
        revision_label=revision.label if revision else "",
        create_time=order.create_time,
        idempotency_key=order.request.idempotency_key,
        root=order.root,
    )
