"""Records the histories that `tests/workflows/test_replay.py` replays.

Run it when a workflow is added or, before the first release, when one has changed on purpose:
`python -m tests.record_histories`. After a release old histories stay as they are.
"""

import asyncio
import gzip
import json
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from activities.aws import Aws
from activities.held_instances import Rhythm
from codedeploy.deployment import InterventionRequest
from codedeploy.identifiers import (
    application_workflow_id,
    group_workflow_id,
    termination_workflow_id,
)
from starter.processes import free_port
from starter.server import NAMESPACE, ServerSettings, start_server
from tests.aws.alarms import put_alarm
from tests.aws.emulator import Emulator, emulator
from tests.aws.functions import publish
from tests.aws.sessions import session_of
from tests.aws.site_parts import Plan
from tests.fleet_stories import FLEET_STORIES
from tests.scenario import Scenario
from tests.traffic_scenario import (
    CANARY,
    GROUP,
    EcsScenario,
    LambdaScenario,
    TrafficScenario,
)

HISTORIES = Path(__file__).with_name("histories")
GATE = [{"at": "AFTER_FIRST_BATCH", "deadlineMinutes": 30, "onDeadline": "ROLLBACK"}]
NOTHING = InterventionRequest()
SAYS = 'def handler(event, context):\n    return {{"status": "{}"}}\n'
ALARMS = {"enabled": True, "alarms": [{"name": "errors"}]}


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


SERVER_STORIES: tuple[Callable[[Scenario], Awaitable[None]], ...] = (
    succeeded,
    failed_and_rolled_back,
    stopped,
    paused,
    approved,
)


async def function_shifted(temporal: Client, aws: Emulator) -> TrafficScenario:
    """An alias that moves, with hooks before and after."""
    checkout = LambdaScenario(temporal, aws).of(versions=2)
    publish(aws, "check", SAYS.format("Succeeded"))
    checkout.asking("BeforeAllowTraffic", "check").asking("AfterAllowTraffic", "check")
    await checkout.deploy(2)
    return checkout


async def function_put_back(temporal: Client, aws: Emulator) -> TrafficScenario:
    """An alias whose canary is stopped."""
    checkout = LambdaScenario(temporal, aws).of(versions=2)
    await _stopped_in_canary(checkout)
    return checkout


async def service_replaced(temporal: Client, aws: Emulator) -> TrafficScenario:
    """A service whose tasks are replaced."""
    web = EcsScenario(temporal, aws).of(Plan(versions=2))
    await web.deploy(2)
    await web.terminated(web.last_id)
    return web


async def service_put_back(temporal: Client, aws: Emulator) -> TrafficScenario:
    """A service whose canary is stopped, with an alarm that is watched."""
    web = EcsScenario(temporal, aws).of(Plan(versions=2)).with_settings(alarmConfiguration=ALARMS)
    put_alarm(aws, "errors")
    await _stopped_in_canary(web)
    return web


async def _stopped_in_canary(scenario: TrafficScenario) -> None:
    deployment_id = await scenario.start(2, config=CANARY)
    await scenario.until(lambda info: info.traffic is not None and info.traffic.percent == 10)
    await scenario.rollway.intervene(deployment_id, "stop", NOTHING)
    await scenario.ended(deployment_id)


TRAFFIC_STORIES: tuple[Callable[[Client, Emulator], Awaitable[TrafficScenario]], ...] = (
    function_shifted,
    function_put_back,
    service_replaced,
    service_put_back,
)


STORIES = (*SERVER_STORIES, *TRAFFIC_STORIES, *FLEET_STORIES)


async def record(temporal: Client, story: str, ids: dict[str, str]) -> None:
    """Write the histories of the workflows of a story, by the parts they play."""
    for part, workflow_id in ids.items():
        history = await temporal.get_workflow_handle(workflow_id).fetch_history()
        path = HISTORIES / f"{story}.{part}.json.gz"
        text = json.dumps(anonymous(json.loads(history.to_json())), indent=1)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))


def anonymous(value: Any) -> Any:
    """Return a piece of a history without what tells of the machine that it was recorded on."""
    if isinstance(value, list):
        return [anonymous(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: anonymous(item) for key, item in value.items() if key != "stackTrace"}
    return kept | ({"identity": "recorder"} if "identity" in kept else {})


async def server_parts(fleet: Scenario) -> dict[str, str]:
    """Return all workflows of the last deployment, and its entities."""
    rollback = (await fleet.rollway.deployment(fleet.last_id)).rollback_info.rollback_deployment_id
    return {
        "deployment": fleet.last_id,
        "batch": f"{fleet.last_id}/batch-1",
        "group": group_workflow_id(fleet.application, "web"),
        "application": application_workflow_id(fleet.application),
    } | ({"rollback": rollback} if rollback else {})


def traffic_parts(scenario: TrafficScenario, story: str) -> dict[str, str]:
    """Return all workflows of the last deployment, and its group."""
    parts = {
        "deployment": scenario.last_id,
        "group": group_workflow_id(scenario.application, GROUP),
    }
    ended = {"termination": termination_workflow_id(scenario.last_id)}
    return parts | (ended if story == "service_replaced" else {})


async def tell_all(temporal: Client, aws: Emulator, scratch: Path) -> None:
    """Play every story and record it."""
    for story in SERVER_STORIES:
        async with Scenario(temporal, scratch, name=story.__name__) as fleet:
            await fleet.of("a", "b", "c")
            await story(fleet)
            await record(temporal, story.__name__, await server_parts(fleet))
    for tale in TRAFFIC_STORIES:
        aws.reset()
        scenario = await tale(temporal, aws)
        await record(temporal, tale.__name__, traffic_parts(scenario, tale.__name__))
    for of_fleets in FLEET_STORIES:
        aws.reset()
        await record(temporal, of_fleets.__name__, await of_fleets(temporal, aws, scratch))


async def main() -> None:
    """Play every story on a server of its own."""
    HISTORIES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        ThreadPoolExecutor(4) as executor,
        emulator() as aws,
    ):
        scratch = Path(home)
        settings = ServerSettings(
            scratch / "temporal.db", scratch / "log", port=free_port(), ui_port=free_port()
        )
        server = await start_server(settings)
        temporal = await Client.connect(
            settings.address, namespace=NAMESPACE, data_converter=pydantic_data_converter
        )
        asked = Aws(session_of(aws, scratch))
        rhythm = Rhythm(looks=0.2)
        async with worker.build(temporal, scratch / "bundles", executor, aws=asked, rhythm=rhythm):
            await tell_all(temporal, aws, scratch)
        asked.close()
        await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
