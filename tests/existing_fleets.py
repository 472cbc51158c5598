"""The tests' language for fleets on EC2 that replace one another, and that somebody has provided.

await existing.of_groups(2)
deployment = await existing.replace("v1", group=existing.green.group)
assert existing.with_traffic == {*existing.green.in_service()}
"""

import asyncio
from typing import Any, Self

from codedeploy.deployment import DeploymentInfo
from codedeploy.identifiers import termination_workflow_id
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet, launch_hosts
from tests.scaling_scenario import BLUE_GREEN, ScalingScenario


def replacing(minutes: int = 0) -> dict[str, Any]:
    """Return what a group says that terminates its original so long after a success."""
    end = {"action": "TERMINATE", "terminationWaitTimeInMinutes": minutes}
    return {
        "deploymentStyle": BLUE_GREEN,
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": end,
            "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        },
    }


class ExistingFleets(ScalingScenario):
    """A fleet behind a target group, and another one that is to replace it.

    Attributes:
        green: The Auto Scaling group that replaces the scenario's own, if there is one.
        blue_names: The instances that serve first, if they are found by their tags.
        green_names: Those that replace them.
    """

    green: FleetSite
    blue_names: list[str]
    green_names: list[str]

    async def of_groups(self, size: int, **settings: Any) -> Self:
        """Build two Auto Scaling groups of that size; the scenario's own one serves."""
        await self.of_group(size)
        plan = FleetPlan(name=f"{self.site.group}-green", size=size, most=size + 4, target_groups=0)
        self.green = await asyncio.to_thread(build_fleet, self._aws, plan)
        await self.meet()
        self.with_settings(**replacing() | settings)
        return self

    async def of_tagged(self, size: int, **settings: Any) -> Self:
        """Launch two fleets of that size that only their tags tell apart; the blue one serves."""
        await self.of_group(0)
        self.blue_names = await self.launched(size, "blue")
        self.green_names = await self.launched(size, "green")
        targets = [{"Id": name} for name in self.blue_names]
        arn = self.site.target_groups[0].arn
        self._aws.client("elbv2").register_targets(TargetGroupArn=arn, Targets=targets)
        found = {"autoScalingGroups": [], "ec2TagFilters": [{"Key": "fleet", "Value": "blue"}]}
        self.with_settings(**replacing() | found | settings)
        return self

    async def launched(self, size: int, fleet: str) -> list[str]:
        """Launch instances of no group with a tag that names their fleet; return their names."""
        names = await asyncio.to_thread(launch_hosts, self._aws, size, tags={"fleet": fleet})
        await self.meet()
        return names

    async def begin(self, label: str, *, group: str = "", tag: str = "") -> str:
        """Start the replacement by an Auto Scaling group, or by a fleet with that tag."""
        tags = [{"Key": "fleet", "Value": tag}] if tag else []
        named = {"autoScalingGroups": [group] if group else [], "tagFilters": tags}
        return await self.start(label, config="AllAtOnce", targetInstances=named)

    async def replace(self, label: str, *, group: str = "", tag: str = "") -> DeploymentInfo:
        """Replace the fleet that serves, and return the deployment when it has ended."""
        return await self.ended(await self.begin(label, group=group, tag=tag))

    async def original_ended(self) -> None:
        """Wait until the last deployment has left nothing to do."""
        ending = termination_workflow_id(self.last_id)
        await self._temporal.get_workflow_handle(ending).result()

    @property
    def with_traffic(self) -> set[str]:
        """The instances that are healthy in the target group, where no others are."""
        targets = self.site.targets(self.site.target_groups[0])
        assert {*targets.values()} <= {"healthy"}, targets
        return {*targets}

    def alive(self) -> set[str]:
        """The instances of EC2 that run."""
        return {*self._running()}
