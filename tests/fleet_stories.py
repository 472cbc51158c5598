"""Stories of whole fleets whose histories are recorded: one replaced by another, and a launch."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.client import Client

from codedeploy.identifiers import (
    group_workflow_id,
    scaling_watch_id,
    termination_workflow_id,
)
from tests.aws.emulator import Emulator
from tests.scaling_scenario import BEHIND, ScalingScenario
from tests.two_fleets import TwoFleets

Parts = dict[str, str]
"""The ids of workflows, by the parts they play."""


async def fleet_replaced(temporal: Client, aws: Emulator, scratch: Path) -> Parts:
    """A fleet that is replaced by another one."""
    async with TwoFleets(temporal, scratch, name="replaced") as fleets:
        with await fleets.of_fleets(2, 2):
            await fleets.replace("v2")
            parts = _parts(fleets)
            await temporal.get_workflow_handle(parts["termination"]).result()
        return parts


async def fleet_put_back(temporal: Client, aws: Emulator, scratch: Path) -> Parts:
    """A fleet that does not leave service, so that everything is put back."""
    async with TwoFleets(temporal, scratch, name="back") as fleets:
        with await fleets.of_fleets(2, 2):
            fleets.failing("blue-2", at="AfterBlockTraffic", with_revision="v2")
            await fleets.replace("v2")
        parts = _parts(fleets)
        del parts["termination"]
        return parts


async def instance_launched(temporal: Client, aws: Emulator, scratch: Path) -> Parts:
    """An instance that is deployed to before it enters service, and one that cannot be."""
    async with ScalingScenario(temporal, scratch, aws=aws, name="launched") as scaling:
        await scaling.of_group(1)
        scaling.with_settings(deploymentStyle=BEHIND, launchFailureLimit=1)
        await scaling.deploy("v1")
        scaling.site.resize(2)
        await scaling.until_states(InService=2)
        (good,) = await scaling.until_listed(1, creator="autoscaling")
        scaling.failing_revision = "v1"
        scaling.site.resize(3)
        rows = await scaling.until_listed(2, creator="autoscaling")
        await scaling.until_kept(1)
        (bad,) = [row for row in rows if row.deployment_id != good.deployment_id]
        group = group_workflow_id(scaling.application, "web")
    return {
        "launch": good.deployment_id,
        "abandoned": bad.deployment_id,
        "group": group,
        "watch": scaling_watch_id(group),
    }


FLEET_STORIES: tuple[Callable[[Client, Emulator, Path], Awaitable[Parts]], ...] = (
    fleet_replaced,
    fleet_put_back,
    instance_launched,
)


def _parts(fleets: TwoFleets) -> Parts:
    return {
        "deployment": fleets.last_id,
        "batch": f"{fleets.last_id}/batch-1",
        "termination": termination_workflow_id(fleets.last_id),
        "group": group_workflow_id(fleets.application, "web"),
    }
