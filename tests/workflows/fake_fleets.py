"""As much of AWS as a deployment to servers asks for, in memory, and it can be told to refuse."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.agents import AgentsQuestion
from activities.directory import DepartureQuestion, HostQuestion, HostsFound
from codedeploy.auto_scaling import (
    IN_SERVICE,
    AttachmentOrder,
    GreenFleetOrder,
    HooksOrder,
    InstancesOrder,
    MembersOrder,
    ProcessesOrder,
    ScalingGroup,
    ScalingInstance,
    ScalingQuestion,
)
from codedeploy.instances import Host
from codedeploy.revision import BundleType, PinnedRevision, Revision
from codedeploy.traffic_control import TrafficCommand, TrafficReport

TARGET_GROUP = "arn/web"


@dataclass
class FakeGroup:
    """An Auto Scaling group."""

    members: list[str]
    suspended: set[str] = field(default_factory=set)
    is_attached: bool = False
    is_hooked: bool = False


class FakeFleets:
    """Auto Scaling groups with their instances, and one target group.

    Attributes:
        groups: By name.
        serving: The instances that get traffic now.
        fewest: The fewest that ever got it.
        launches: The instances of the next copy.
        alarms: What starts the scaling policies of every group, by policy.
        departed: Instances that have left their fleet, and why.
    """

    def __init__(self, blue: Iterable[str], launches: Iterable[str]) -> None:
        self.groups = {"web": FakeGroup([*blue], is_attached=True, is_hooked=True)}
        self.serving = {*blue}
        self.fewest = len(self.serving)
        self.launches = [*launches]
        self.alarms: dict[str, tuple[str, ...]] = {}
        self.departed: dict[str, str] = {}
        self._refused: set[tuple[str, str]] = set()
        self._busy: dict[str, int] = defaultdict(int)
        self._silent: set[str] = set()

    # --- given

    def refuse(self, action: str, of: str = "") -> None:
        """Refuse an activity from now on; if it is said, only if it is about that."""
        self._refused.add((action, of))

    def be_busy(self, action: str, times: int) -> None:
        """Let an activity meet throttling so often."""
        self._busy[action] = times

    def be_silent(self, action: str) -> None:
        """Let an activity never end."""
        self._silent.add(action)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What the control plane can do."""
        return [
            *(self.pin, self.find_hosts, self.find_departed, self.await_agents),
            *(self.look, self.copy, self.until_in_service, self.settle, self.delete, self.retire),
            *(self.attach, self.detach, self.suspend, self.resume, self.replace_others),
            self.terminate,
            *(self.check_room, self.repair_hooks, self.remove_hooks),
            *(self.look_at_balancers, self.block, self.allow),
        ]

    async def _asked(self, subject: str, last_seen: object = None) -> None:
        action = activity.info().activity_type
        if {(action, ""), (action, subject)} & self._refused:
            raise ApplicationError(
                f"{action} of {subject} is denied.", type="IAM_ROLE_PERMISSIONS", non_retryable=True
            )
        if self._busy[action]:
            self._busy[action] -= 1
            raise ApplicationError("Rate exceeded", type="THROTTLED")
        while action in self._silent:
            activity.heartbeat(last_seen)
            await asyncio.sleep(0.05)

    def _serve(self, names: Iterable[str]) -> None:
        self.serving = {*names}
        self.fewest = min(self.fewest, len(self.serving))

    # --- revisions and hosts

    @activity.defn
    async def pin(self, revision: Revision) -> PinnedRevision:
        return PinnedRevision(
            revision=revision,
            label="v1",
            location="file:///store/v1",
            bundle_type=BundleType.TGZ,
            sha256="0" * 64,
            size_bytes=1,
        )

    @activity.defn
    async def find_hosts(self, question: HostQuestion) -> HostsFound:
        groups = question.fleet.auto_scaling_groups
        members = {name for group in groups for name in self.groups[group].members}
        names = sorted(members.union(question.held))
        return HostsFound(hosts=tuple(Host(name=name) for name in names))

    @activity.defn
    async def find_departed(self, question: DepartureQuestion) -> dict[str, str]:
        return {name: self.departed[name] for name in question.names if name in self.departed}

    @activity.defn
    async def await_agents(self, question: AgentsQuestion) -> tuple[str, ...]:
        await self._asked(", ".join(question.names))
        return ()

    # --- Auto Scaling groups

    @activity.defn(name="look_at_auto_scaling_groups")
    async def look(self, question: ScalingQuestion) -> tuple[ScalingGroup, ...]:
        await self._asked(", ".join(question.names))
        alarms = self.alarms if question.with_alarms else {}
        found = (self._group(name) for name in question.names)
        return tuple(one.model_copy(update={"alarms": alarms}) for one in found)

    def _group(self, name: str, *, trouble: str = "") -> ScalingGroup:
        found = self.groups[name]
        return ScalingGroup(
            name=name,
            instances=tuple(ScalingInstance(name=one, state=IN_SERVICE) for one in found.members),
            suspended=tuple(sorted(found.suspended)),
            target_group_arns=(TARGET_GROUP,) if found.is_attached else (),
            trouble=trouble,
        )

    @activity.defn(name="copy_auto_scaling_group")
    async def copy(self, order: GreenFleetOrder) -> dict[str, tuple[str, ...]]:
        await self._asked(order.source)
        self.groups[order.name] = FakeGroup([*self.launches])
        return self.alarms

    @activity.defn(name="await_auto_scaling_group")
    async def until_in_service(self, order: GreenFleetOrder) -> tuple[str, ...]:
        await self._asked(order.name, self._group(order.name, trouble="0 of 2 are in service"))
        return tuple(self.groups[order.name].members)

    @activity.defn(name="settle_auto_scaling_group")
    async def settle(self, order: GreenFleetOrder) -> None:
        await self._asked(order.name)

    @activity.defn(name="delete_auto_scaling_group")
    async def delete(self, order: GreenFleetOrder) -> None:
        await self._asked(order.name)
        self._end(order.name)

    @activity.defn(name="retire_auto_scaling_group")
    async def retire(self, question: ScalingQuestion) -> None:
        for name in question.names:
            await self._asked(name)
            self._end(name)

    def _end(self, name: str) -> None:
        ended = self.groups.pop(name, FakeGroup([]))
        self._serve(self.serving - {*ended.members})

    @activity.defn(name="attach_load_balancers")
    async def attach(self, order: AttachmentOrder) -> None:
        await self._asked(order.auto_scaling_group)
        group = self.groups[order.auto_scaling_group]
        group.is_attached = True
        self._serve(self.serving | {*group.members})

    @activity.defn(name="detach_load_balancers")
    async def detach(self, order: AttachmentOrder) -> None:
        await self._asked(order.auto_scaling_group)
        self.groups[order.auto_scaling_group].is_attached = False

    @activity.defn(name="suspend_processes")
    async def suspend(self, order: ProcessesOrder) -> None:
        await self._asked(order.auto_scaling_group)
        self.groups[order.auto_scaling_group].suspended |= {*order.processes}

    @activity.defn(name="resume_processes")
    async def resume(self, order: ProcessesOrder) -> None:
        await self._asked(order.auto_scaling_group)
        self.groups[order.auto_scaling_group].suspended -= {*order.processes}

    @activity.defn(name="replace_other_instances")
    async def replace_others(self, order: MembersOrder) -> tuple[str, ...]:
        await self._asked(order.auto_scaling_group)
        return ()

    @activity.defn(name="terminate_instances")
    async def terminate(self, order: InstancesOrder) -> None:
        await self._asked(", ".join(order.names))

    @activity.defn(name="check_room_for_lifecycle_hooks")
    async def check_room(self, order: HooksOrder) -> None:
        """All have room."""

    @activity.defn(name="repair_lifecycle_hooks")
    async def repair_hooks(self, order: HooksOrder) -> tuple[str, ...]:
        for name in order.names:
            await self._asked(name)
            self.groups[name].is_hooked = True
        return ()

    @activity.defn(name="remove_lifecycle_hooks")
    async def remove_hooks(self, order: HooksOrder) -> None:
        for name in order.names:
            await self._asked(name)
            self.groups[name].is_hooked = False

    # --- the target group

    @activity.defn(name="look_at_load_balancers")
    async def look_at_balancers(self, command: TrafficCommand) -> dict[str, str]:
        return {}

    @activity.defn(name="block_traffic")
    async def block(self, command: TrafficCommand) -> TrafficReport:
        await self._asked(", ".join(command.targets))
        self._serve(self.serving - {*command.targets})
        return followed(command)

    @activity.defn(name="allow_traffic")
    async def allow(self, command: TrafficCommand) -> TrafficReport:
        await self._asked(", ".join(command.targets))
        self._serve(self.serving | {*command.targets})
        return followed(command)


def followed(command: TrafficCommand) -> TrafficReport:
    """Return the report of load balancers that have followed at once."""
    return TrafficReport(ended=dict.fromkeys(command.targets, datetime.now(UTC)))
