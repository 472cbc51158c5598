"""Deployments to a service that is in use: not one request is lost, whatever way they end.

The clients, HAProxy and the servers that answer for the tasks are real. Rollway talks to the
emulated ECS and load balancer, and HAProxy does what the load balancer is told, a while later.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo, InterventionRequest
from codedeploy.hook import HookReport
from tests.aws.data_plane import DataPlane, data_plane
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.aws.load import Load
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.aws.target_health import Checks
from tests.aws.waiting import until
from tests.traffic_scenario import CANARY, EcsScenario

pytestmark = pytest.mark.end_to_end

LAG_SECONDS, DRAIN_SECONDS = 0.4, 2
"""How far the load balancer is behind, and how long targets that leave are still there for it."""

SILENT = "def handler(event, context):\n    print(event)\n"


class Shop(EcsScenario):
    """A service in use: its load balancer is real, and clients ask all the time.

    Attributes:
        plane: What serves the clients.
        load: The clients, and what they were answered.
    """

    plane: DataPlane
    load: Load

    async def answers(self, count: int) -> Counter[int]:
        """Return how often each version answers in the next requests."""
        await asyncio.to_thread(self.plane.catch_up)
        answers = await asyncio.to_thread(self.load.take, count)
        return Counter({int(name.rpartition(":")[2]): often for name, often in answers.items()})

    async def start_canary(self, version: int) -> None:
        """Start a deployment, and return when a tenth of the traffic has shifted."""
        await self.start(version, config=CANARY)
        await self.until(lambda info: info.traffic is not None and info.traffic.percent == 10)

    async def asked(self) -> str:
        """Return the hook execution whose verdict the last deployment waits for, once it does."""
        waiting = await self.until(lambda info: info.wait is not None)
        assert waiting.wait is not None
        return waiting.wait.reason.rpartition(" ")[2]

    async def stop(self) -> DeploymentInfo:
        """Stop the last deployment, and return it once everything was put back."""
        await self.rollway.intervene(self.last_id, "stop", InterventionRequest(rollback=False))
        return await self.ended(self.last_id)


@pytest.fixture
def shop(temporal: Client, control_plane: Path, aws: Emulator) -> Iterator[Shop]:
    name = f"shop-{uuid4().hex[:8]}"
    plan = Plan(name=name, checks=Checks.PROBED, drain_seconds=DRAIN_SECONDS)
    shop = Shop(temporal, aws).of(plan)
    with (
        data_plane(shop.site, lag_seconds=LAG_SECONDS) as shop.plane,
        Load(shop.plane.address(shop.site.production_listener)) as shop.load,
    ):
        yield shop


async def test_a_canary_gets_its_share_and_a_stop_takes_it_back_without_a_loss(
    shop: Shop, aws: Emulator
) -> None:
    before = snapshot(aws)

    await shop.start_canary(2)
    divided = await shop.answers(2000)
    deployment = await shop.stop()
    afterwards = await shop.answers(200)

    assert deployment.status == "Stopped"
    assert 160 <= divided[2] <= 240
    assert set(divided) == {1, 2}
    assert set(afterwards) == {1}
    assert difference(before, snapshot(aws)) == []
    assert shop.load.errors == []


async def test_all_traffic_moves_and_the_old_tasks_end_without_a_loss(shop: Shop) -> None:
    deployment = await shop.deploy(2)
    await shop.terminated(deployment.deployment_id)
    afterwards = await shop.answers(200)

    assert deployment.status == "Succeeded", deployment.error_information
    assert set(afterwards) == {2}
    assert [one["taskDefinition"] for one in shop.site.task_sets()] == [
        shop.site.task_definitions[1]
    ]
    assert shop.load.errors == []


async def test_a_hook_that_fails_after_the_shift_takes_everything_back_without_a_loss(
    shop: Shop, aws: Emulator
) -> None:
    before = snapshot(aws)
    publish(aws, "check", SILENT)
    deployment_id = await shop.asking("AfterAllowTraffic", "check").start(2)
    verdict = HookReport(lifecycle_event_hook_execution_id=await shop.asked(), status="Failed")

    shifted = await shop.answers(200)
    await shop.rollway.hook_status(deployment_id, verdict)
    deployment = await shop.ended(deployment_id)
    afterwards = await shop.answers(200)

    assert deployment.status == "Failed"
    assert set(shifted) == {2}
    assert set(afterwards) == {1}
    assert difference(before, snapshot(aws)) == []
    assert shop.load.errors == []


async def test_whoever_deletes_tasks_that_have_traffic_loses_some(shop: Shop) -> None:
    await shop.start_canary(2)
    served = await shop.answers(100)
    (canary,) = [one for one in shop.site.task_sets() if one["status"] == "ACTIVE"]

    shop.aws.client("ecs").delete_task_set(
        cluster=shop.site.cluster,
        service=shop.site.service,
        taskSet=canary["taskSetArn"],
        force=True,
    )
    await asyncio.to_thread(until, lambda: shop.load.errors)
    await shop.stop()

    assert served[2] > 0
    assert shop.load.errors[0].startswith("HTTP 503")
