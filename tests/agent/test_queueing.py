"""Many deployments at one host's door, on the real server."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from agent.lifecycle import Host
from agent.service import host_worker
from codedeploy.commands import (
    RUN_LIFECYCLE_EVENTS,
    LifecycleCommand,
    LifecycleReport,
    LogPiece,
    LogRequest,
    host_queue,
)
from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site, until
from workflows.log import LogQuestion, LogWorkflow
from workflows.options import on_host

QUEUE = "queueing"
MANY = 8


@workflow.defn(sandboxed=False)
class Ask:
    """Hands one command to one host."""

    @workflow.run
    async def run(self, name: str, command: LifecycleCommand) -> LifecycleReport:
        report: LifecycleReport = await workflow.execute_activity(
            RUN_LIFECYCLE_EVENTS,
            command,
            result_type=LifecycleReport,
            task_queue=host_queue(name),
            **on_host(agent_timeout_seconds=30, script_seconds=60),
        )
        return report


@pytest.fixture
async def site(tmp_path: Path, temporal: Client) -> AsyncIterator[Site]:
    """A host that asks for work."""
    os.mkfifo(tmp_path / "gate")
    site = Site(tmp_path)
    site.host = Host(replace(site.place, name=f"web-{uuid4().hex[:8]}"))
    asking = Worker(temporal, task_queue=QUEUE, workflows=[Ask, LogWorkflow])
    async with asking, host_worker(temporal, site.host):
        yield site


Asked = WorkflowHandle[Ask, LifecycleReport]


async def ask(client: Client, site: Site, command: LifecycleCommand) -> Asked:
    return await client.start_workflow(
        Ask.run, args=[site.host.place.name, command], id=uuid4().hex, task_queue=QUEUE
    )


async def until_it_waits_behind(deployment_id: str, asked: Asked) -> None:
    said = b""
    async with asyncio.timeout(30):
        while deployment_id.encode() not in said:
            await asyncio.sleep(0.05)
            pending = (await asked.describe()).raw_description.pending_activities
            payloads = [each for one in pending for each in one.heartbeat_details.payloads]
            said = b"".join(payload.data for payload in payloads)


async def test_those_that_wait_for_their_turn_do_not_hold_up_the_log(
    site: Site, temporal: Client
) -> None:
    event = LifecycleEvent.BEFORE_INSTALL
    gated = site.revision("v1", {event: f"echo begun >>$RAN\nread line <{site.directory}/gate"})
    plain = site.revision("v2", {event: "echo next >>$RAN"})
    asked = [await ask(temporal, site, site.command(gated))]
    await until(lambda: site.runs == ["begun"])
    for number in range(MANY):
        command = site.command(plain, f"d-{number + 2}", deployment_group_id=f"shop/{number}")
        asked.append(await ask(temporal, site, command))
    for handle in asked[1:]:
        await until_it_waits_behind("d-1", handle)

    question = LogQuestion(target=site.host.place.name, request=LogRequest(deployment_id="d-1"))
    piece: LogPiece = await temporal.execute_workflow(
        LogWorkflow.run, question, id=uuid4().hex, task_queue=QUEUE
    )
    await asyncio.to_thread((site.directory / "gate").write_text, "go\n")
    await asyncio.gather(*(handle.result() for handle in asked))

    assert "LifecycleEvent - BeforeInstall" in piece.text
    assert site.runs == ["begun"] + ["next"] * MANY


def test_a_day_behind_others_is_no_reason_to_give_up() -> None:
    options = on_host(agent_timeout_seconds=300, script_seconds=3600)

    assert options["start_to_close_timeout"] >= timedelta(days=1, hours=1)
    assert options["schedule_to_start_timeout"] < timedelta(minutes=5)
