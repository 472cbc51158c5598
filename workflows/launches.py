"""What a deployment group does about instances that its lifecycle hooks hold."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ParentClosePolicy

from activities.held_instances import HeldInstances
from codedeploy.alarm import AlarmConfiguration
from codedeploy.auto_scaling import HeldInstance, HeldReport, LifecycleActionOrder
from codedeploy.deployment import Creator, DeploymentOutcome, DeploymentRequest
from codedeploy.deployment_group import AutoRollbackConfiguration, OutdatedInstancesStrategy
from codedeploy.group_info import DeploymentGroupInfo, known_of
from codedeploy.identifiers import group_workflow_id, new_deployment_id, scaling_watch_id
from codedeploy.instances import HealthClass
from codedeploy.launches import LaunchBook, Step, failed, step_for, succeeded, with_held, without
from codedeploy.plan import plan_for_one
from codedeploy.revision import PinnedRevision
from codedeploy.scaling_hooks import hooks_of
from workflows.options import CHANGE
from workflows.orders import DeploymentOrder, ScalingWatchOrder
from workflows.scaling_watch import ScalingWatchWorkflow

LESSON_LIMIT = timedelta(seconds=20)

Start = Callable[[DeploymentOrder], Awaitable[None]]
"""Starts a deployment that the group's lock does not concern."""


@dataclass
class Memory:
    """Where a group keeps what it knows."""

    info: DeploymentGroupInfo


class Launches:
    """Deploys to instances before they enter service, and before they leave it.

    Args:
        memory: What the group knows.
        start: Starts a deployment to one instance.
    """

    def __init__(self, memory: Memory, start: Start) -> None:
        self._memory = memory
        self._start = start

    async def watch(self) -> None:
        """Let the group's Auto Scaling groups be watched, as the group is now.

        A watch that has nothing left to watch removes its hooks and ends.
        """
        info = self._memory.info
        order = ScalingWatchOrder(
            group_workflow_id=group_workflow_id(
                info.group.application_name, info.group.deployment_group_name
            ),
            hooks=hooks_of(info.serving_group, info.deployment_group_id),
            known=info.launches.known,
        )
        if not (order.hooks.names or info.is_watching):
            return
        self._memory.info = info.model_copy(update={"is_watching": bool(order.hooks.names)})
        if not await self._is_told(order):
            await self._start_watch(order)

    async def take(self, report: HeldReport) -> None:
        """Do what is due about instances that are held now, and forget those that are no more."""
        await self._until_learnt(report.gone)
        for instance in report.gone:
            self._book = without(self._book, instance)
        for instance in report.arrived:
            if instance not in self._book.known:
                await self._welcome(instance)
        await self.watch()

    async def _until_learnt(self, gone: tuple[HeldInstance, ...]) -> None:
        """Wait for the lesson of deployments that have just let their instances go.

        The next instance may be launched before it is known why the last one was given up.
        """
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: (
                    not any(one.instance in gone and one.deployment_id for one in self._book.held)
                ),
                timeout=LESSON_LIMIT,
            )

    async def resume(self) -> None:
        """Let those in whom a deployment to the group has succeeded go on; try the others again."""
        self._book = self._book.model_copy(update={"failures": 0, "last_failed": ""})
        kept = self._book.kept
        for instance in kept:
            if self._is_current(instance.name):
                await self._let_go(instance)
            else:
                await self._welcome(instance)
        if kept:
            await self.watch()

    def learn(self, outcome: DeploymentOutcome) -> None:
        """Draw the lesson from a deployment to one instance; one that was stopped teaches none."""
        held = self._book.by_deployment(outcome.deployment_id)
        if held is None:
            return
        name, last = held.instance.name, self._memory.info.last_successful_revision
        if held.instance.is_launching and name in outcome.succeeded:
            is_older = outcome.revision is not None and outcome.revision.mark != _mark_of(last)
            may_be_outdated = is_older or self._memory.info.active is not None
            self._book = succeeded(self._book, held.instance, may_be_outdated=may_be_outdated)
        elif held.instance.is_launching and name in outcome.failed:
            self._book = failed(self._book, held.instance, outcome.deployment_id)
        else:
            self._book = without(self._book, held.instance)

    async def forget(self, instance: HeldInstance) -> None:
        """Wait for an instance no more: its deployment is over, however it ended."""
        self._book = without(self._book, instance)
        await self.watch()

    def outdated_request(self) -> DeploymentRequest | None:
        """Return the deployment that brings launched instances up to date, if one is due."""
        info = self._memory.info
        outdated = [name for name in self._book.outdated if not self._is_current(name)]
        if info.active is not None or not self._book.outdated:
            return None
        self._book = self._book.model_copy(update={"outdated": ()})
        strategy = info.group.outdated_instances_strategy
        if not outdated or strategy is OutdatedInstancesStrategy.IGNORE:
            return None
        return DeploymentRequest(
            application_name=info.group.application_name,
            deployment_group_name=info.group.deployment_group_name,
            description="Brings instances up to date that were launched during a deployment",
            update_outdated_instances_only=True,
            approvals=(),
        )

    # --- one instance

    async def _welcome(self, instance: HeldInstance) -> None:
        revision = self._memory.info.last_successful_revision
        step = step_for(
            self._book,
            instance,
            has_revision=revision is not None,
            failure_limit=self._memory.info.group.launch_failure_limit,
        )
        if step is Step.KEEP:
            self._book = with_held(self._book, instance, None)
        elif step is Step.LET_GO or revision is None:
            await self._let_go(instance)
        else:
            await self._deploy(instance, revision)

    async def _deploy(self, instance: HeldInstance, revision: PinnedRevision) -> None:
        order = self._order(instance, revision)
        self._book = with_held(self._book, instance, order.deployment_id)
        await self._start(order)

    async def _let_go(self, instance: HeldInstance) -> None:
        """Let an instance go on as it is."""
        self._book = without(self._book, instance)
        await workflow.execute_activity_method(
            HeldInstances.complete,
            self._action(instance),
            summary=f"Let {instance.name} go on",
            **CHANGE,
        )

    def _order(self, instance: HeldInstance, revision: PinnedRevision) -> DeploymentOrder:
        """Return a deployment that waits for nobody: neither alarms nor people let it through.

        Capacity is wanted most when alarms fire, and the revision has been approved before.
        """
        info = self._memory.info
        group = info.serving_group
        return DeploymentOrder(
            deployment_id=new_deployment_id(workflow.random().choice),
            request=DeploymentRequest(
                application_name=group.application_name,
                deployment_group_name=group.deployment_group_name,
                description=f"{instance.name} of {instance.auto_scaling_group}",
                ignore_application_stop_failures=True,
                auto_rollback_configuration=AutoRollbackConfiguration(),
                override_alarm_configuration=AlarmConfiguration(),
                approvals=(),
            ),
            group=group.in_place,
            deployment_group_id=info.deployment_group_id,
            known=known_of(info),
            creator=Creator.AUTO_SCALING
            if instance.is_launching
            else Creator.AUTO_SCALING_TERMINATION,
            create_time=workflow.now(),
            plan=plan_for_one(group, revision, instance.name),
            lifecycle_action=self._action(instance),
        )

    def _action(self, instance: HeldInstance) -> LifecycleActionOrder:
        info = self._memory.info
        return LifecycleActionOrder(
            hooks=hooks_of(info.serving_group, info.deployment_group_id), instance=instance
        )

    def _is_current(self, name: str) -> bool:
        return known_of(self._memory.info).class_of(name) is HealthClass.CURRENT

    @property
    def _book(self) -> LaunchBook:
        return self._memory.info.launches

    @_book.setter
    def _book(self, book: LaunchBook) -> None:
        self._memory.info = self._memory.info.model_copy(update={"launches": book})

    # --- the watch

    async def _is_told(self, order: ScalingWatchOrder) -> bool:
        """Tell the watch that runs; return whether there is one."""
        handle = workflow.get_external_workflow_handle(_watch_id(order))
        try:
            await handle.signal(ScalingWatchWorkflow.watch, order)
        except ApplicationError:
            return False
        return True

    async def _start_watch(self, order: ScalingWatchOrder) -> None:
        if not order.hooks.names:
            return
        watch = await workflow.start_child_workflow(
            ScalingWatchWorkflow.run,
            order,
            id=_watch_id(order),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Watch {', '.join(order.hooks.names)}"[:200],
        )
        # It goes on by itself; one that somebody terminates is started again when it is told.
        watch.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def _mark_of(revision: PinnedRevision | None) -> str | None:
    return revision.mark if revision else None


def _watch_id(order: ScalingWatchOrder) -> str:
    return scaling_watch_id(order.group_workflow_id)
