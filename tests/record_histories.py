"""Records the histories that `tests/workflows/test_replay.py` replays.

Run it when a workflow is added or, before the first release, when one has changed on purpose:
`python -m tests.record_histories`. After a release old histories stay as they are.
"""

import asyncio
import gzip
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from codedeploy.deployment import InterventionRequest
from codedeploy.identifiers import application_workflow_id, group_workflow_id
from starter.processes import free_port
from starter.server import NAMESPACE, ServerSettings, start_server
from tests.scenario import Scenario

HISTORIES = Path(__file__).with_name("histories")
GATE = [{"at": "AFTER_FIRST_BATCH", "deadlineMinutes": 30, "onDeadline": "ROLLBACK"}]
NOTHING = InterventionRequest()


async def succeeded(fleet: Scenario) -> None:
    """A deployment to three hosts that goes well."""
    await fleet.deploy("v1")


async def failed_and_rolled_back(fleet: Scenario) -> None:
    """A deployment whose second host fails, and its rollback."""
    await fleet.running("v1")
    fleet.failing("b", at="ValidateService", with_revision="v2")
    await fleet.deploy("v2")


async def stopped(fleet: Scenario) -> None:
    """A deployment that is stopped in the middle of a script."""
    await fleet.running("v1")
    fleet.holding("a", at="ApplicationStart")
    deployment_id = await fleet.start("v2")
    await fleet.hosts["a"].is_held.wait()
    await fleet.rollway.intervene(deployment_id, "stop", InterventionRequest(rollback=False))
    await fleet.ended(deployment_id)


async def paused(fleet: Scenario) -> None:
    """A deployment that is paused after its first batch, and resumed."""
    held = fleet.holding("a", at="Install")
    deployment_id = await fleet.start("v1")
    await fleet.hosts["a"].is_held.wait()
    await fleet.rollway.intervene(deployment_id, "pause", NOTHING)
    held.set()
    await fleet.until(lambda info: info.wait is not None)
    await fleet.rollway.intervene(deployment_id, "resume", NOTHING)
    await fleet.ended(deployment_id)


async def approved(fleet: Scenario) -> None:
    """A deployment that waits at a gate and is approved."""
    deployment_id = await fleet.start("v1", approvals=GATE)
    await fleet.until(lambda info: info.wait is not None and info.wait.is_approval)
    await fleet.rollway.intervene(deployment_id, "approve", NOTHING)
    await fleet.ended(deployment_id)


STORIES: tuple[Callable[[Scenario], Awaitable[None]], ...] = (
    succeeded,
    failed_and_rolled_back,
    stopped,
    paused,
    approved,
)


async def record(temporal: Client, fleet: Scenario, story: str) -> None:
    """Write the histories of all workflows of the last deployment, and of its entities."""
    rollback = (await fleet.rollway.deployment(fleet.last_id)).rollback_info.rollback_deployment_id
    ids = {
        "deployment": fleet.last_id,
        "batch": f"{fleet.last_id}/batch-1",
        "group": group_workflow_id(fleet.application, "web"),
        "application": application_workflow_id(fleet.application),
    } | ({"rollback": rollback} if rollback else {})
    for part, workflow_id in ids.items():
        history = await temporal.get_workflow_handle(workflow_id).fetch_history()
        path = HISTORIES / f"{story}.{part}.json.gz"
        path.write_bytes(gzip.compress(history.to_json().encode(), mtime=0))


async def main() -> None:
    """Play every story on a server of its own and record it."""
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(4) as executor:
        scratch = Path(home)
        settings = ServerSettings(
            scratch / "temporal.db", scratch / "log", port=free_port(), ui_port=free_port()
        )
        server = await start_server(settings)
        temporal = await Client.connect(
            settings.address, namespace=NAMESPACE, data_converter=pydantic_data_converter
        )
        async with worker.build(temporal, scratch / "bundles", executor):
            for story in STORIES:
                async with Scenario(temporal, scratch, name=story.__name__) as fleet:
                    await fleet.of("a", "b", "c")
                    await story(fleet)
                    await record(temporal, fleet, story.__name__)
        await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
