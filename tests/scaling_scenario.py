"""The tests' language for Auto Scaling groups: agents come with the instances that are launched.

await scaling.of(2)
await scaling.deploy("v1")
scaling.site.resize(3)
await scaling.until_in_service(3)
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from temporalio.client import Client

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.launches import LaunchBook
from starter.answers import DeploymentRow
from tests.aws.endpoint import Endpoint
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.scenario import Scenario, SimulatedHost

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 40

IN_PLACE = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
BEHIND = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
BLUE_GREEN = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


class ScalingScenario(Scenario):
    """One Auto Scaling group of the emulator, whose instances have simulated agents.

    Attributes:
        site: The group, and the load balancers in front.
        failing_revision: Every host that is launched from now on fails when it is given this one.
        failing_event: At which event.
    """

    site: FleetSite

    def __init__(self, temporal: Client, scratch: Path, *, aws: Endpoint, name: str) -> None:
        super().__init__(temporal, scratch, name=name)
        self._aws = aws
        self._follower: asyncio.Task[None] | None = None
        self._holding_next: tuple[asyncio.Event, str] | None = None
        self.failing_revision = ""
        self.failing_event = "ValidateService"

    async def of_group(self, size: int, **plan: Any) -> Self:
        """Build a group of that size, and let agents come with its instances from now on."""
        name = f"web-{self.application[-6:]}"
        wanted = replace(FleetPlan(name=name, size=size, most=size + 4), **plan)
        self.site = await asyncio.to_thread(build_fleet, self._aws, wanted)
        await self.meet()
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
        if self._follower is not None:
            await self.rollway.apply([self._without_groups()])
        await super().__aexit__(*error)

    def _without_groups(self) -> DeploymentGroup:
        return DeploymentGroup.model_validate(
            {"applicationName": self.application, "deploymentGroupName": "web"}
        )

    async def _follow(self) -> None:
        while True:
            await self.meet()
            await asyncio.sleep(LOOK_SECONDS)

    async def meet(self) -> None:
        """Start an agent on each instance of EC2 that has none."""
        for name in await asyncio.to_thread(self._running):
            if name not in self.hosts:
                host = SimulatedHost(name, {}, changed=self._changed)
                if self._holding_next is not None:
                    host.holding, host.held_at = self._holding_next
                    self._holding_next = None
                if self.failing_revision:
                    host.failing[self.failing_event] = self.failing_revision
                self.hosts[name] = host
                await self._register(host)
                await self.wake(name)

    def _running(self) -> list[str]:
        found = self._aws.client("ec2").describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        )
        return [one["InstanceId"] for part in found["Reservations"] for one in part["Instances"]]

    def let_hook_wait(self, *, seconds: int) -> None:
        """Let the launch hook give up the next instances so long after the last heartbeat."""
        client = self._aws.client("autoscaling")
        found = client.describe_lifecycle_hooks(AutoScalingGroupName=self.site.group)
        (hook,) = found["LifecycleHooks"]
        client.put_lifecycle_hook(
            AutoScalingGroupName=self.site.group,
            LifecycleHookName=hook["LifecycleHookName"],
            HeartbeatTimeout=seconds,
        )

    def holding_next(self, *, at: str) -> asyncio.Event:
        """Let the next instance that is launched stay in an event until the returned one is set."""
        event = asyncio.Event()
        self._holding_next = (event, at)
        return event

    async def until_held(self) -> str:
        """Wait until an instance stays in its event; return its name."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (held := [h.name for h in self.hosts.values() if h.is_held.is_set()]):
                await asyncio.sleep(LOOK_SECONDS)
        return held[0]

    async def terminate(self, name: str) -> None:
        """Let the Auto Scaling group become smaller by that instance."""
        await self.kill(name)
        await asyncio.to_thread(
            self._aws.client("autoscaling").terminate_instance_in_auto_scaling_group,
            InstanceId=name,
            ShouldDecrementDesiredCapacity=True,
        )

    async def lose(self, name: str) -> None:
        """Let AWS lose an instance; return when its group has let it go."""
        await self.kill(name)
        await asyncio.to_thread(
            self._aws.client("autoscaling").terminate_instance_in_auto_scaling_group,
            InstanceId=name,
            ShouldDecrementDesiredCapacity=False,
        )
        while name in await asyncio.to_thread(self._running):
            await asyncio.sleep(LOOK_SECONDS)

    async def apply(self, **settings: Any) -> None:
        """Apply the group: it means the Auto Scaling group."""
        members = {"onPremisesInstanceTagFilters": [], **self.site.deployment_group}
        await super().apply(**members | {"deploymentStyle": IN_PLACE} | self._settings | settings)

    async def info(self) -> DeploymentGroupInfo:
        """Return what the deployment group knows."""
        return await self.rollway.group(self.application, "web")

    async def until_kept(self, count: int) -> LaunchBook:
        """Wait until so many instances are kept waiting; return what is known of launches."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len((book := (await self.info()).launches).kept) != count:
                await asyncio.sleep(LOOK_SECONDS)
        return book

    async def until_unanswered(self, count: int) -> LaunchBook:
        """Wait until the hooks of so many instances could not be told what becomes of them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len((book := (await self.info()).launches).unanswered) != count:
                await asyncio.sleep(LOOK_SECONDS)
        return book

    async def until_nobody_is_held(self) -> LaunchBook:
        """Wait until no instance is known to be held."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (book := (await self.info()).launches).held:
                await asyncio.sleep(LOOK_SECONDS)
        return book

    async def until_forgotten(self, name: str) -> None:
        """Wait until an instance is not registered any more."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while name in {one.registration.name for one in await self.rollway.instances()}:
                await asyncio.sleep(LOOK_SECONDS)

    async def until_states(self, group: str | None = None, **counts: int) -> dict[str, str]:
        """Wait until so many instances are in these states, and none in others; return them.

        Args:
            group: The group's own Auto Scaling group, or the one of this name.
            counts: By state, with `_` for the colon: `InService=2, Pending_Wait=1`.
        """
        wanted = sorted(
            state.replace("_", ":") for state, count in counts.items() for _ in range(count)
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                states = await asyncio.to_thread(self.site.states, group)
                if sorted(states.values()) == wanted:
                    return states
                await asyncio.sleep(LOOK_SECONDS)

    async def until_listed(self, count: int, *, creator: str) -> list[DeploymentRow]:
        """Wait until so many deployments by `creator` have ended; return them, newest first."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                rows = await self.rollway.deployments(group=f"{self.application}/web")
                found = [row for row in rows if row.creator == creator and row.status.is_final]
                if len(found) >= count:
                    return found
                await asyncio.sleep(LOOK_SECONDS)
