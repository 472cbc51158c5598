"""Instances that an original launches while it is replaced: they do not serve on beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.aws.emulator import Emulator
from tests.copied_fleets import CopiedFleet, copying
from tests.paths import ALLOW, BLOCK, INSTALL

KEPT: dict[str, Any] = {
    "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 60,
    }
}


@pytest.fixture
async def copied(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[CopiedFleet]:
    async with CopiedFleet(temporal, tmp_path, aws=aws, name="late") as scenario:
        yield scenario


async def test_what_an_original_launches_while_it_leaves_does_not_serve_on(
    copied: CopiedFleet, aws: Emulator
) -> None:
    await copied.of_copied(1, **copying(**KEPT))
    await copied.deploy("v1", config="AllAtOnce")
    original = copied.copy_name
    (first,) = copied.site.in_service(original)
    launch = copied.holding_next(at="Install")
    await asyncio.to_thread(
        aws.client("autoscaling").set_desired_capacity,
        AutoScalingGroupName=original,
        DesiredCapacity=2,
    )
    late = await copied.until_held()
    leave = copied.holding(first, at="BeforeBlockTraffic")
    await copied.start("v2", config="AllAtOnce")
    await copied.hosts[first].is_held.wait()

    launch.set()
    await copied.until_states(original, InService=2)
    leave.set()
    deployment = await copied.ended(copied.last_id)

    assert deployment.status == "Succeeded", deployment.error_information
    serving = copied.site.targets(copied.site.target_groups[0])
    assert {*serving} == {*copied.site.states(copied.copy_name)}
    assert copied.path(late) == INSTALL + ALLOW + BLOCK
