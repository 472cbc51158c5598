"""An agent whose root takes no records for a while, or never again, on the real server.

The agent is a process of its own that mounts its root where only it sees it.
"""

import asyncio
import os
import shlex
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.directory import Directory
from codedeploy.commands import (
    AGENT_ISSUE,
    RUN_LIFECYCLE_EVENTS,
    LifecycleCommand,
    LifecycleReport,
    host_queue,
)
from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site
from tests.agent.test_disks import may_mount
from workflows.options import on_host

pytestmark = pytest.mark.skipif(not may_mount(), reason="only root may mount disks, where it may")

QUEUE = "full-disks"
FILL = 'cat /dev/zero >"$ROOT/full" 2>/dev/null'
EMPTY = 'rm "$ROOT/full"'
READ_ONLY = 'mount -t tmpfs -o ro tmpfs "$ROOT/deployments"'


@workflow.defn(sandboxed=False)
class AskImpatiently:
    """Hands one command to one host, whose agent has little time."""

    @workflow.run
    async def run(self, name: str, command: LifecycleCommand) -> LifecycleReport:
        report: LifecycleReport = await workflow.execute_activity(
            RUN_LIFECYCLE_EVENTS,
            command,
            result_type=LifecycleReport,
            task_queue=host_queue(name),
            **on_host(agent_timeout_seconds=5, script_seconds=60),
        )
        return report


class HostWithDisk:
    """A host whose root is a small disk, with an agent that polls."""

    def __init__(self, directory: Path, client: Client) -> None:
        self.name = f"web-{uuid4().hex[:8]}"
        self._site = Site(directory)
        self._client = client
        self.root = directory / "disk"
        self.root.mkdir()
        self._agent: Process | None = None

    @asynccontextmanager
    async def polling(self, address: str) -> AsyncIterator[None]:
        where = ("--root", str(self.root), "--destination-root", str(self._site.directory / "host"))
        agent = (sys.executable, "-m", "agent.cli", "run", "--name", self.name, *where)
        mount = 'mount -t tmpfs -o size=2m tmpfs "$ROOT" && mkdir "$ROOT/deployments"'
        line = f"{mount} && exec {shlex.join((*agent, '--address', address))}"
        self._agent = await asyncio.create_subprocess_exec(
            *("unshare", "-m", "sh", "-c", line), env=self._variables, stderr=PIPE
        )
        try:
            yield
        finally:
            self._agent.kill()
            await self._agent.wait()

    @property
    def _variables(self) -> dict[str, str]:
        return {**os.environ, "ROOT": str(self.root)}

    def happens(self, line: str) -> None:
        """Let something happen to the disk."""
        assert self._agent is not None
        command = ("nsenter", "-m", "-t", str(self._agent.pid), "sh", "-c", line)
        subprocess.run(command, env=self._variables, check=False)

    async def until_asking(self) -> None:
        """Wait until the agent asks for work: nobody would wait for it while it starts."""
        directory = Directory(self._client)
        async with asyncio.timeout(60):
            while (await directory.last_seen([self.name]))[self.name] is None:
                await asyncio.sleep(0.05)

    async def deploy(self) -> "WorkflowHandle[AskImpatiently, LifecycleReport]":
        revision = self._site.revision("v1", {LifecycleEvent.BEFORE_INSTALL: "echo ran"})
        return await self._client.start_workflow(
            AskImpatiently.run,
            args=[self.name, self._site.command(revision, f"d-{uuid4().hex[:9]}")],
            id=uuid4().hex,
            task_queue=QUEUE,
        )


@pytest.fixture
async def host(
    tmp_path: Path, temporal: Client, server_address: str
) -> AsyncIterator[HostWithDisk]:
    host = HostWithDisk(tmp_path, temporal)
    asking = Worker(temporal, task_queue=QUEUE, workflows=[AskImpatiently])
    async with asking, host.polling(server_address):
        await host.until_asking()
        await (await host.deploy()).result()
        yield host


async def until_it_is_tried_again(asked: "WorkflowHandle[AskImpatiently, LifecycleReport]") -> str:
    """Return what the last attempt failed with."""
    async with asyncio.timeout(30):
        while True:
            pending = (await asked.describe()).raw_description.pending_activities
            if pending and pending[0].attempt > 2:
                return pending[0].last_failure.message
            await asyncio.sleep(0.05)


async def test_a_deployment_goes_on_when_the_full_root_has_room_again(host: HostWithDisk) -> None:
    host.happens(FILL)
    asked = await host.deploy()

    said = await until_it_is_tried_again(asked)
    host.happens(EMPTY)
    report = await asked.result()

    assert f"the agent cannot keep its records in {host.root}" in said
    assert "No space left on device" in said
    assert {event.status for event in report.events} == {"Succeeded"}


async def test_a_root_that_stays_read_only_fails_the_host_in_words(host: HostWithDisk) -> None:
    host.happens(READ_ONLY)
    asked = await host.deploy()

    with pytest.raises(WorkflowFailureError) as caught:
        await asked.result()

    cause = caught.value.cause.__cause__
    assert isinstance(cause, ApplicationError)
    assert cause.type == AGENT_ISSUE
    assert "Read-only file system" in cause.message
