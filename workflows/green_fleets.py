"""The fleet that a blue/green deployment puts in the place of another."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.exceptions import TimeoutError as TemporalTimeout

from activities.agents import Agents, AgentsQuestion
from activities.auto_scaling_groups import AutoScalingGroups
from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import (
    AttachmentOrder,
    GreenFleetOrder,
    HooksOrder,
    MembersOrder,
    ScalingGroup,
    ScalingQuestion,
)
from codedeploy.deployment import Wait
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.handover import Handover, alarms_left
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.scaling_hooks import hooks_of
from codedeploy.target_instances import TargetInstances
from workflows.options import CHANGE, LONG_CHANGE, awaiting
from workflows.orders import DeploymentOrder
from workflows.scaling_groups import detach, look_under_way
from workflows.traffic_desk import move_traffic
from workflows.undo import Undo

IN_SERVICE_LIMIT = timedelta(hours=1)
AGENTS_LIMIT = timedelta(hours=1)
"""How much longer than its `agentTimeoutSeconds` a group waits, however many agents come late."""


class GreenFleet(Protocol):
    """Where the replacement instances come from.

    Attributes:
        serving: How the deployment group finds them from now on.
    """

    serving: TargetInstances

    @property
    def wait(self) -> Wait | None:
        """What is waited for before they can be deployed to."""

    @property
    def copy_order(self) -> GreenFleetOrder | None:
        """The copy of an Auto Scaling group that they are; None if they are none."""

    async def provide(self, undo: Undo) -> tuple[str, ...]:
        """Return the names of the replacement instances when they can be deployed to."""

    async def take_over(self, undo: Undo, *, serving: tuple[str, ...]) -> None:
        """Let what comes after those that serve be deployed to before it has traffic, too."""


def green_fleet(
    order: DeploymentOrder, handover: Handover, *, say: Callable[[str], None]
) -> GreenFleet:
    """Return the replacement that `handover` means; `say` tells people what no event tells."""
    if handover.replacement is not None:
        return ExistingFleet(order, handover.green, serving=handover.replacement)
    return CopiedFleet(order, handover, say=say)


class ExistingFleet:
    """Instances that somebody has provided."""

    copy_order: GreenFleetOrder | None = None
    wait: Wait | None = None

    def __init__(
        self, order: DeploymentOrder, names: tuple[str, ...], *, serving: TargetInstances
    ) -> None:
        self._order = order
        self._names = names
        self.serving = serving
        self._hooks = hooks_of(serving.instead_of(order.group), order.deployment_group_id)

    async def provide(self, undo: Undo) -> tuple[str, ...]:
        """Return those of the plan, when none of them has traffic.

        A HAProxy would send some as soon as they answer its checks. What their Auto Scaling groups
        launch from now on is held until the deployment group sees to it.

        Raises:
            DeploymentFailure: ELASTIC_LOAD_BALANCING_INVALID, some keep theirs.
        """
        if self._hooks.names:
            named = ", ".join(self._hooks.names)
            undo.push(
                f"The lifecycle hooks were removed from {named}.", lambda: _unhook(self._hooks)
            )
            await _hook(self._hooks)
        await move_traffic(self._order, LifecycleEvent.BLOCK_TRAFFIC, self._names)
        return self._names

    async def take_over(self, undo: Undo, *, serving: tuple[str, ...]) -> None:
        """Leave everything as it is: whoever provided them has seen to it."""


class CopiedFleet:
    """A copy of the Auto Scaling group that it replaces."""

    def __init__(
        self, order: DeploymentOrder, handover: Handover, *, say: Callable[[str], None]
    ) -> None:
        self._group = order.group
        self._role = order.group.service_role_arn
        self._say = say
        self.wait: Wait | None = None
        name = f"CodeDeploy_{order.group.deployment_group_name}_{order.deployment_id}"
        self.serving = TargetInstances(auto_scaling_groups=(name,))
        self._hooks = hooks_of(self.serving.instead_of(order.group), order.deployment_group_id)
        self.copy_order: GreenFleetOrder = GreenFleetOrder(
            source=handover.copied,
            name=name,
            size=handover.size,
            owner=order.deployment_id,
            role_arn=self._role,
        )

    async def provide(self, undo: Undo) -> tuple[str, ...]:
        """Copy the group; return its instances when they are in service and have their agents.

        An instance without an agent fails when it is deployed to, by name.

        Raises:
            DeploymentFailure: TIMEOUT, they are not in service in time.
        """
        if self._group.keep_failed_green_fleet:
            undo.push(f"{self.copy_order.name} is kept for inspection.", self._tell_it_is_kept)
        else:
            undo.push(f"{self.copy_order.name} was deleted.", self._delete)
        alarms = await workflow.execute_activity_method(
            AutoScalingGroups.copy,
            self.copy_order,
            summary=f"Copy {self.copy_order.source} to {self.copy_order.name}",
            **LONG_CHANGE,
        )
        for sentence in alarms_left(self.copy_order.source, alarms):
            self._say(f"{sentence}.")
        try:
            return await self._until_reachable()
        finally:
            self.wait = None

    async def take_over(self, undo: Undo, *, serving: tuple[str, ...]) -> None:
        """Attach its load balancers, and hold what is launched from now on for its deployment.

        All instances get traffic then. So those that failed are replaced before, and those that
        Auto Scaling has launched meanwhile in the place of others: nothing was deployed to them.
        """
        question = ScalingQuestion(names=(self.copy_order.source,), role_arn=self._role)
        (source,) = await look_under_way(question)
        attachment = AttachmentOrder(
            auto_scaling_group=self.copy_order.name,
            target_group_arns=source.target_group_arns,
            load_balancer_names=source.load_balancer_names,
            role_arn=self._role,
        )
        undo.push(
            f"The load balancers were detached from {self.copy_order.name}.",
            lambda: detach(attachment),
        )
        await _hook(self._hooks)
        # Only now: those that are launched in their place are held.
        await self._replace_others(serving)
        await workflow.execute_activity_method(
            AutoScalingGroups.attach,
            attachment,
            summary=f"Attach load balancers to {self.copy_order.name}",
            **CHANGE,
        )

    async def _replace_others(self, names: tuple[str, ...]) -> None:
        await workflow.execute_activity_method(
            AutoScalingGroups.replace_others,
            MembersOrder(auto_scaling_group=self.copy_order.name, names=names, role_arn=self._role),
            summary=f"Replace those of {self.copy_order.name} that were not deployed to",
            **CHANGE,
        )

    async def _until_reachable(self) -> tuple[str, ...]:
        name, size = self.copy_order.name, self.copy_order.size
        self.wait = Wait(reason=f"{size} instances of {name} in service")
        names = await self._until_in_service()
        self.wait = Wait(reason=f"the agents of {len(names)} instances of {name}")
        await self._until_agents_come(names)
        return names

    async def _until_agents_come(self, names: tuple[str, ...]) -> None:
        """Wait as long as one more agent comes in time, but not without end."""
        patience = timedelta(seconds=self._group.agent_timeout_seconds)
        try:
            await workflow.execute_activity_method(
                Agents.until_present,
                AgentsQuestion(names=names, patience_seconds=patience.total_seconds()),
                summary="Wait for the agents of the replacement",
                **awaiting(patience + AGENTS_LIMIT),
            )
        except ActivityError as error:
            if not isinstance(error.cause, TemporalTimeout):
                raise

    async def _until_in_service(self) -> tuple[str, ...]:
        try:
            return await workflow.execute_activity_method(
                AutoScalingGroups.until_in_service,
                self.copy_order,
                summary=f"Wait until {self.copy_order.size} instances are in service",
                **awaiting(IN_SERVICE_LIMIT),
            )
        except ActivityError as error:
            if not isinstance(error.cause, TemporalTimeout):
                raise
            details = error.cause.last_heartbeat_details
            last = f" {ScalingGroup.model_validate(details[0]).trouble}." if details else ""
            raise DeploymentFailure(
                ErrorCode.TIMEOUT,
                f"{self.copy_order.name} had no {self.copy_order.size} instances in service within "
                f"{IN_SERVICE_LIMIT.total_seconds() / 60:.0f} min.{last} Look at its activity "
                "history, correct the launch template, and deploy again.",
            ) from error

    async def _delete(self) -> None:
        await workflow.execute_activity_method(
            AutoScalingGroups.delete,
            self.copy_order,
            summary=f"Delete {self.copy_order.name}",
            **LONG_CHANGE,
        )

    async def _tell_it_is_kept(self) -> None:
        await _unhook(self._hooks)
        self._say(f"Delete {self.copy_order.name} by hand when you have looked at it.")


async def _hook(hooks: HooksOrder) -> None:
    await workflow.execute_activity_method(
        LifecycleHooks.repair, hooks, summary="Install lifecycle hooks", **CHANGE
    )


async def _unhook(hooks: HooksOrder) -> None:
    await workflow.execute_activity_method(
        LifecycleHooks.remove, hooks, summary="Remove lifecycle hooks", **CHANGE
    )
