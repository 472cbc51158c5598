"""What a deployment group does about instances that its lifecycle hooks hold."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.held_instances import HeldInstances
from codedeploy.alarm import AlarmConfiguration
from codedeploy.auto_scaling import (
    HeldInstance,
    HeldReport,
    HooksOrder,
    LifecycleActionOrder,
    LifecycleActionResult,
    OwedAnswer,
)
from codedeploy.deployment import Creator, DeploymentOutcome
from codedeploy.deployment_group import AutoRollbackConfiguration, OutdatedInstancesStrategy
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.group_info import DeploymentGroupInfo, known_of
from codedeploy.identifiers import group_workflow_id, new_deployment_id
from codedeploy.instances import HealthClass
from codedeploy.launches import (
    LaunchBook,
    Step,
    closed,
    failed,
    only_of,
    owing,
    step_for,
    succeeded,
    unanswered,
    with_held,
    without,
)
from codedeploy.plan import plan_for_one
from codedeploy.revision import PinnedRevision
from codedeploy.scaling_hooks import hooks_of
from workflows.options import BRIEF_CHANGE
from workflows.orders import DeploymentOrder, ScalingWatchOrder
from workflows.refusal import refusal_in
from workflows.watcher import Watcher

LESSON_LIMIT = timedelta(seconds=20)

Start = Callable[[DeploymentOrder], Awaitable[None]]
"""Starts a deployment that the group's lock does not concern."""


@dataclass
class Memory:
    """Where a group keeps what it knows."""

    info: DeploymentGroupInfo


class Launches:
    """Deploys to instances before they enter service, and before they leave it.

    A hook that cannot be told what becomes of its instance is told again: nothing of that ever
    ends the group.

    Args:
        memory: What the group knows.
        start: Starts a deployment to one instance.
    """

    def __init__(self, memory: Memory, start: Start) -> None:
        self._memory = memory
        self._start = start
        self._watcher = Watcher()

    async def watch(self) -> None:
        """Let the group's Auto Scaling groups be watched, as the group is now.

        A watch that has nothing left to watch removes its hooks and ends.
        """
        order, info = self._watch_order(), self._memory.info
        if not (order.hooks.names or info.is_watching):
            return
        self._memory.info = info.model_copy(update={"is_watching": bool(order.hooks.names)})
        await self._watcher.tell(order)

    async def take(self, report: HeldReport) -> None:
        """Do what is due about instances that are held now, and forget those that are no more."""
        await self._until_learnt(report.gone)
        for instance in report.gone:
            self._book = without(self._book, instance)
        for instance in report.arrived:
            # The answer for the one before lets other reports in.
            if self._book.is_due(instance):
                await self._welcome(instance)
        await self._try_kept()
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
        self._book, kept = closed(self._book), self._book.kept
        await self._try_kept()
        if kept:
            await self.watch()

    async def let_in(self) -> None:
        """Let those go on that a rollback has taken along: they run the last good revision."""
        if self._book.kept:
            await self._try_kept()
            await self.watch()

    async def _try_kept(self) -> None:
        """Do what is due about those that are kept; they stay so while the breaker is open."""
        for instance in self._book.kept:
            if instance in self._book.kept:
                await self._welcome(instance)

    def learn(self, outcome: DeploymentOutcome) -> None:
        """Draw the lesson from a deployment to one instance; one that was stopped teaches none."""
        held = self._book.by_deployment(outcome.deployment_id)
        if held is None:
            return
        instance = held.instance
        if outcome.owed is not None:
            self._book = unanswered(self._book, instance, outcome.owed, outcome.deployment_id)
        elif instance.is_launching and instance.name in outcome.succeeded:
            self._enter_service(instance)
        elif instance.is_launching and instance.name in outcome.failed:
            self._book = failed(self._book, instance, outcome.deployment_id)
        else:
            self._book = without(self._book, instance)

    async def forget(self, deployment_id: str) -> None:
        """Wait for the instance of a deployment no more that is over, however it ended."""
        held = self._book.by_deployment(deployment_id)
        if held is not None:
            self._book = without(self._book, held.instance)
        await self.watch()

    def outdated_request(self) -> DeploymentRequest | None:
        """Return the deployment that brings launched instances up to date, if one is due."""
        info = self._memory.info
        outdated = [name for name in self._book.outdated if not self._is_current(name)]
        is_known = info.last_successful_revision is not None
        if info.active is not None or not is_known or not self._book.outdated:
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

    def _watch_order(self) -> ScalingWatchOrder:
        group, hooks = self._memory.info.group, self._hooks
        self._book = only_of(self._book, hooks.names)
        return ScalingWatchOrder(
            group_workflow_id=group_workflow_id(
                group.application_name, group.deployment_group_name
            ),
            hooks=hooks,
            known=self._book.known,
            unanswered=self._book.unanswered,
        )

    # --- one instance

    async def _welcome(self, instance: HeldInstance) -> None:
        revision = self._memory.info.last_successful_revision
        step = step_for(
            self._book,
            instance,
            is_current=self._is_current(instance.name) if revision else None,
            failure_limit=self._memory.info.group.launch_failure_limit,
        )
        match step:
            case Step.KEEP:
                self._book = with_held(self._book, instance, None)
            case Step.LET_GO:
                await self._answer(instance, LifecycleActionResult.CONTINUE)
            case Step.ABANDON:
                await self._answer(instance, LifecycleActionResult.ABANDON)
            case Step.DEPLOY:
                assert revision is not None
                await self._deploy(instance, revision)

    async def _deploy(self, instance: HeldInstance, revision: PinnedRevision) -> None:
        order = self._order(instance, revision)
        self._book = with_held(self._book, instance, order.deployment_id)
        await self._start(order)

    async def _answer(self, instance: HeldInstance, result: LifecycleActionResult) -> None:
        """Tell the hook what becomes of an instance; what it cannot be told is owed to it."""
        self._book = owing(self._book, instance, OwedAnswer(result=result))
        try:
            await workflow.execute_activity_method(
                HeldInstances.complete,
                self._action(instance, result),
                summary=f"{result} {instance.name}",
                **BRIEF_CHANGE,
            )
        except ActivityError as error:
            why = refusal_in(error).message
            self._book = owing(self._book, instance, OwedAnswer(result=result, why=why))
            return
        if instance.is_launching and result is LifecycleActionResult.CONTINUE:
            self._enter_service(instance)
        else:
            self._book = without(self._book, instance)

    def _enter_service(self, instance: HeldInstance) -> None:
        """Remember a launch that ended well; what runs there may not be what the others run."""
        info = self._memory.info
        is_older = info.last_successful_revision is not None and not self._is_current(instance.name)
        may_be_outdated = is_older or info.active is not None
        self._book = succeeded(self._book, instance, may_be_outdated=may_be_outdated)

    def _order(self, instance: HeldInstance, revision: PinnedRevision) -> DeploymentOrder:
        """Return a deployment that waits for nobody: neither alarms nor people let it through.

        Capacity is wanted most when alarms fire, and the revision has been approved before. Nothing
        of the other instances comes along: the history of a group that launches hundreds at once
        holds as many of these orders, and Temporal ends a workflow whose history has 50 MB.
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
            creator=Creator.AUTO_SCALING
            if instance.is_launching
            else Creator.AUTO_SCALING_TERMINATION,
            create_time=workflow.now(),
            plan=plan_for_one(group, revision, instance.name),
            lifecycle_action=self._action(instance),
        )

    def _action(
        self,
        instance: HeldInstance,
        result: LifecycleActionResult = LifecycleActionResult.CONTINUE,
    ) -> LifecycleActionOrder:
        return LifecycleActionOrder(hooks=self._hooks, instance=instance, result=result)

    @property
    def _hooks(self) -> HooksOrder:
        info = self._memory.info
        return hooks_of(info.serving_group, info.deployment_group_id)

    def _is_current(self, name: str) -> bool:
        return known_of(self._memory.info).class_of(name) is HealthClass.CURRENT

    @property
    def _book(self) -> LaunchBook:
        return self._memory.info.launches

    @_book.setter
    def _book(self, book: LaunchBook) -> None:
        self._memory.info = self._memory.info.model_copy(update={"launches": book})
