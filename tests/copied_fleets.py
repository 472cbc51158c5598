"""The tests' language for Auto Scaling groups that are replaced by copies of themselves.

await copied.of_copied(2)
deployment = await copied.deploy("v2")
await copied.original_ended()
assert copied.site.states(copied.copy_name)
"""

from typing import Any, Self

from codedeploy.identifiers import termination_workflow_id
from tests.aws.fleet_snapshot import fleet_snapshot
from tests.aws.snapshot import Snapshot
from tests.scaling_scenario import BLUE_GREEN, ScalingScenario

LAUNCH_HOOK = "CodeDeploy-managed-automatic-launch-deployment-hook"


def copying(action: str = "TERMINATE", **more: Any) -> dict[str, Any]:
    """Return what a deployment group says that copies its Auto Scaling group.

    Args:
        action: What becomes of the original, at once.
        more: Of the blueGreenDeploymentConfiguration.
    """
    at_once = {"terminationWaitTimeInMinutes": 0} if action == "TERMINATE" else {}
    return {
        "deploymentStyle": BLUE_GREEN,
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {"action": action, **at_once},
            "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
            **more,
        },
    }


class CopiedFleet(ScalingScenario):
    """An Auto Scaling group whose deployments copy it.

    Attributes:
        before: Everything as it stood when the group was applied.
    """

    before: Snapshot

    async def of_copied(self, size: int, **settings: Any) -> Self:
        """Build a group of that size, and apply a deployment group that copies it."""
        await self.of_group(size)
        self.with_settings(**copying() | settings)
        await self.apply()
        self.before = fleet_snapshot(self._aws)
        return self

    @property
    def copy_name(self) -> str:
        """What the copy is called that the last deployment has made."""
        return f"CodeDeploy_web_{self.last_id}"

    async def original_ended(self) -> None:
        """Wait until the last deployment has left nothing to do."""
        ending = termination_workflow_id(self.last_id)
        await self._temporal.get_workflow_handle(ending).result()

    def groups(self) -> dict[str, dict[str, Any]]:
        """Return the Auto Scaling groups that there are, by name."""
        found = fleet_snapshot(self._aws)["auto scaling groups"]
        return dict(found)
