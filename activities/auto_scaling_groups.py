"""Auto Scaling groups: looked at, copied, watched, and deleted.

Every activity looks first and changes what is not as it should be, so that a second call, or one
whose answer was lost, does no harm.

Source: Amazon EC2 Auto Scaling API Reference; User Guide, "Suspend and resume processes", "Use
Elastic Load Balancing to distribute incoming application traffic".
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.green_fleet import GreenFleet
from activities.group_removal import GroupRemoval
from activities.heartbeats import heartbeats
from activities.instances import Instances
from activities.load_balancer_attachments import Attachments
from activities.pauses import growing_pauses
from activities.scaling_belongings import Belongings
from activities.scaling_reader import (
    ScalingReader,
    ask,
    ask_if_there,
    group_of,
    unless_gone,
)
from codedeploy.auto_scaling import (
    AttachmentOrder,
    GreenFleetOrder,
    InstancesOrder,
    MembersOrder,
    ProcessesOrder,
    ScalingGroup,
    ScalingQuestion,
)


class AutoScalingGroups:
    """What deployments to servers ask of Auto Scaling.

    Args:
        aws: Whose clients to use.
        pauses: How long to wait between two looks at what takes its time.
    """

    def __init__(self, aws: Aws, *, pauses: Callable[[], Iterator[float]] = growing_pauses) -> None:
        self._aws = aws
        self._pauses = pauses

    @activity.defn(name="look_at_auto_scaling_groups")
    def look(self, question: ScalingQuestion) -> tuple[ScalingGroup, ...]:
        """Return the groups, in the order of their names; reads only."""
        reader = ScalingReader(self._aws, question.role_arn)
        with heartbeats():
            found = tuple(map(group_of, reader.all_of(question.names)))
            if not question.with_alarms:
                return found
            return tuple(_with_alarms(one, reader) for one in found)

    # --- green fleets

    @activity.defn(name="copy_auto_scaling_group")
    def copy(self, order: GreenFleetOrder) -> dict[str, tuple[str, ...]]:
        """Make a copy of a group, or what is missing of it; no load balancer is attached.

        What would change its size is suspended until it is settled. Return the alarms that start
        scaling policies of the original, and not of the copy, by policy.
        """
        with heartbeats():
            return GreenFleet(self._aws, order).copy()

    @activity.defn(name="settle_auto_scaling_group")
    def settle(self, order: GreenFleetOrder) -> None:
        """Let a copy be as its original was, be that gone by now.

        Its load balancers must be attached: scaling policies may follow their requests.
        """
        with heartbeats():
            GreenFleet(self._aws, order).settle()

    @activity.defn(name="await_auto_scaling_group")
    async def until_in_service(self, order: GreenFleetOrder) -> tuple[str, ...]:
        """Return the names of a copy's instances, sorted, once as many as ordered are in service.

        They are healthy, too, and as much as the copy itself desires. It waits without end. What
        each look finds is in the details of the heartbeat, as a `ScalingGroup`, and in `trouble`
        what keeps it from being complete, as far as AWS says.
        """
        fleet, pauses = GreenFleet(self._aws, order), self._pauses()
        while True:
            seen = await asyncio.to_thread(fleet.watched)
            activity.heartbeat(seen)
            if not seen.trouble:
                return tuple(sorted(seen.in_service))
            await asyncio.sleep(next(pauses))

    @activity.defn(name="delete_auto_scaling_group")
    async def delete(self, order: GreenFleetOrder) -> None:
        """Delete a copy, and return when it is gone with all its instances.

        One that is gone already, or was never made, is fine; a group of that name that somebody
        else made is left alone. It waits without end; the heartbeats tell what is left.
        """
        reader = ScalingReader(self._aws, order.role_arn)
        await self._remove(GroupRemoval(reader, GreenFleet(self._aws, order).find))

    @activity.defn(name="retire_auto_scaling_group")
    async def retire(self, question: ScalingQuestion) -> None:
        """Delete groups, whoever made them, and return when they are gone with their instances.

        Those that are gone already are fine. It waits without end; heartbeats tell what is left.

        Raises:
            ApplicationError: Some are not deleted, for this reason; all others are gone.
        """
        reader = ScalingReader(self._aws, question.role_arn)
        refusals = []
        for name in question.names:
            try:
                await self._remove(GroupRemoval(reader, partial(reader.find, name)))
            except ApplicationError as refusal:
                refusals.append(refusal)
        if refusals:
            raise min(refusals, key=lambda one: one.non_retryable)

    # --- what is in front of groups

    @activity.defn(name="attach_load_balancers")
    def attach(self, order: AttachmentOrder) -> None:
        """Attach load balancers to a group, but for those that are attached.

        Auto Scaling registers the instances of the group there, unless AddToLoadBalancer is
        suspended, and asks the load balancer for their health if that is the group's health check.
        """
        with heartbeats():
            Attachments(self._aws, order).attach()

    @activity.defn(name="detach_load_balancers")
    async def detach(self, order: AttachmentOrder) -> None:
        """Detach load balancers from a group, and return when its instances are out of them.

        Those that are not attached are passed over; a group that is gone has none. It waits
        without end; the heartbeats tell what is left.
        """
        attachments = Attachments(self._aws, order)
        await asyncio.to_thread(attachments.detach)
        await self._until_nothing_is(attachments.left)

    # --- processes and instances

    @activity.defn(name="suspend_processes")
    def suspend(self, order: ProcessesOrder) -> None:
        """Suspend processes of a group; those that are suspended stay so."""
        if order.processes:  # Auto Scaling takes none for all.
            client = ScalingReader(self._aws, order.role_arn).client
            name, processes = order.auto_scaling_group, list(order.processes)
            ask(client, "SuspendProcesses", name, ScalingProcesses=processes)

    @activity.defn(name="resume_processes")
    def resume(self, order: ProcessesOrder) -> None:
        """Resume processes of a group; a group that is gone is fine."""
        if order.processes:
            reader = ScalingReader(self._aws, order.role_arn)
            name, processes = order.auto_scaling_group, list(order.processes)
            ask_if_there(reader, "ResumeProcesses", name, ScalingProcesses=processes)

    @activity.defn(name="terminate_instances")
    async def terminate(self, order: InstancesOrder) -> None:
        """Terminate instances, and return when they are on their way out.

        Those that are gone already are fine. The heartbeats tell which are left.
        """
        instances = Instances(self._aws, order)
        await asyncio.to_thread(instances.terminate)
        await self._until_nothing_is(instances.left)

    @activity.defn(name="replace_other_instances")
    def replace_others(self, order: MembersOrder) -> tuple[str, ...]:
        """Let a group terminate its instances but for those that stay; return their names.

        It launches as many others. Those that are gone, or on their way out, already are fine.
        """
        reader = ScalingReader(self._aws, order.role_arn)
        group = group_of(reader.found(order.auto_scaling_group))
        others = [one.name for one in group.instances if one.comes_or_serves]
        strangers = tuple(name for name in others if name not in order.names)
        for name in strangers:
            unless_gone(
                reader.client,
                "TerminateInstanceInAutoScalingGroup",
                name,
                InstanceId=name,
                ShouldDecrementDesiredCapacity=False,
            )
        return strangers

    async def _remove(self, removal: GroupRemoval) -> None:
        await asyncio.to_thread(removal.begin)
        await self._until_nothing_is(removal.left)

    async def _until_nothing_is(self, left: Callable[[], object]) -> None:
        pauses = self._pauses()
        while still := await asyncio.to_thread(left):
            activity.heartbeat(still)
            await asyncio.sleep(next(pauses))


def _with_alarms(group: ScalingGroup, reader: ScalingReader) -> ScalingGroup:
    return group.model_copy(update={"alarms": Belongings(reader, group.name).alarms()})
