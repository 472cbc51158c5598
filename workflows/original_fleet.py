"""The fleet that a blue/green deployment replaces: who it is, and what becomes of it."""

from temporalio import workflow

from activities.directory import Directory, HostQuestion
from codedeploy.auto_scaling import (
    AttachmentOrder,
    InstancesOrder,
    ProcessesOrder,
    ScalingGroup,
    ScalingQuestion,
)
from codedeploy.handover import Handover
from codedeploy.scaling_hooks import hooks_of
from workflows.options import SEARCH
from workflows.orders import DeploymentOrder, FleetEnd
from workflows.scaling_groups import look_under_way, suspend
from workflows.suspension import resume_all
from workflows.undo import Undo

FROZEN = (
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
"""What an Auto Scaling group may not do while its instances leave service.

It would call instances unhealthy that get no traffic any more, and replace them.
"""


class OriginalFleet:
    """The instances that serve when a blue/green deployment starts."""

    def __init__(self, order: DeploymentOrder, handover: Handover) -> None:
        self._order = order
        self._handover = handover
        self._role = order.group.service_role_arn
        self._scaling_groups: tuple[ScalingGroup, ...] = ()
        self._members: tuple[str, ...] = handover.blue

    async def freeze(self, undo: Undo) -> None:
        """Keep its Auto Scaling groups from interfering, from now to the end of the original."""
        names = self._order.group.auto_scaling_groups
        if not names:
            return
        question = ScalingQuestion(names=names, role_arn=self._role)
        self._scaling_groups = await look_under_way(question)
        undo.push("The original Auto Scaling group does again what it did.", self._thaw)
        for order in self._suspensions:
            await suspend(order)

    async def members(self) -> tuple[str, ...]:
        """Return the instances that it has now: some may have gone, or joined, meanwhile."""
        found = await workflow.execute_activity_method(
            Directory.find_hosts,
            HostQuestion(group=self._order.group),
            summary="Find the original instances",
            **SEARCH,
        )
        green = set(self._handover.green)
        self._members = tuple(host.name for host in found.hosts if host.name not in green)
        return self._members

    async def latecomers(self) -> tuple[str, ...]:
        """Return the instances that have joined since it was asked last.

        Those that its Auto Scaling groups had launched before get traffic when their own deployment
        is over, which may be while the others leave. Nobody else joins with traffic.
        """
        if not self._order.group.auto_scaling_groups:
            return ()
        before = set(self._members)
        return tuple(name for name in await self.members() if name not in before)

    @property
    def strays(self) -> tuple[str, ...]:
        """Those of the plan that are no members any more; load balancers may know them yet."""
        return tuple(name for name in self._handover.blue if name not in self._members)

    def end(self) -> FleetEnd:
        """Return what is to become of it."""
        groups = self._order.group.auto_scaling_groups
        return FleetEnd(
            terminates=self._handover.terminates,
            instances=InstancesOrder(names=self._members, role_arn=self._role),
            scaling_groups=groups,
            resumed=self._suspensions,
            attachments=tuple(_attachment(one, self._role) for one in self._scaling_groups),
            hooks=hooks_of(self._order.group, self._order.deployment_group_id),
        )

    async def _thaw(self) -> None:
        await resume_all(self._suspensions)

    @property
    def _suspensions(self) -> tuple[ProcessesOrder, ...]:
        return tuple(
            ProcessesOrder(
                auto_scaling_group=one.name,
                processes=tuple(name for name in FROZEN if name not in one.suspended),
                role_arn=self._role,
            )
            for one in self._scaling_groups
        )


def _attachment(group: ScalingGroup, role_arn: str | None) -> AttachmentOrder:
    return AttachmentOrder(
        auto_scaling_group=group.name,
        target_group_arns=group.target_group_arns,
        load_balancer_names=group.load_balancer_names,
        role_arn=role_arn,
    )
