"""The tests' language: a fleet of simulated hosts on the real server, and what happened to it.

    fleet.of("web-1", "web-2").failing("web-2", at="ValidateService")
    deployment = await fleet.deploy("v2", config="OneAtATime")
    assert fleet.path("web-2")[-1] == "ValidateService"

Hosts are real Temporal workers on real host queues; only what they do to a host is simulated.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from codedeploy.application import Application
from codedeploy.commands import (
    LIFECYCLE_FAILED,
    LIFECYCLE_STOPPED,
    RUN_LIFECYCLE_EVENTS,
    LifecycleCommand,
    LifecycleReport,
    Progress,
    host_queue,
)
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.instance import InstanceRegistration, Tag
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)
from codedeploy.plan import Plan
from codedeploy.target import TargetResult
from starter.client import Rollway
from starter.locations import local
from workflows.instance import InstanceWorkflow
from workflows.options import CONTROL_QUEUE

APPSPEC = """\
version: 0.0
os: linux
hooks:
  ValidateService:
    - location: validate.sh
      timeout: 60
"""

AUTO_ROLLBACK = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"],
}


@dataclass
class SimulatedHost:
    """What one host does when it is told to run lifecycle events."""

    name: str
    tags: dict[str, str]
    failing: dict[str, str] = field(default_factory=dict)
    holding: asyncio.Event | None = None
    held_at: str = ""
    is_held: asyncio.Event = field(default_factory=asyncio.Event)
    runs: list[tuple[str, str]] = field(default_factory=list)
    doing: dict[str, Callable[[str], None]] = field(default_factory=dict)
    changed: Callable[[str, int], None] = lambda _name, _change: None

    @activity.defn(name=RUN_LIFECYCLE_EVENTS)
    async def run(self, command: LifecycleCommand) -> LifecycleReport:
        done: list[LifecycleEventResult] = []
        for event in command.events:
            activity.heartbeat(Progress(event=event))
            if event is LifecycleEvent.APPLICATION_STOP:
                self.changed(self.name, +1)
            self.runs.append((command.deployment_id, event.value))
            if event in self.doing:
                await asyncio.to_thread(self.doing[event], command.revision.label)
            await self._hold(event, done)
            if event in self.failing and command.revision.label == self.failing[event]:
                self._fail(event, done)
            done.append(_result(event, LifecycleEventStatus.SUCCEEDED))
        if command.completes_deployment:
            self.changed(self.name, -1)
        return LifecycleReport(events=tuple(done))

    async def _hold(self, event: LifecycleEvent, done: list[LifecycleEventResult]) -> None:
        if self.holding is None or event != self.held_at:
            return
        self.is_held.set()
        try:
            while not self.holding.is_set():
                activity.heartbeat(Progress(event=event, last_output="warming up"))
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            report = LifecycleReport(
                events=(*done, _result(event, LifecycleEventStatus.FAILED, "stopped by request"))
            )
            raise ApplicationError(
                f"{self.name}: stopped", report, type=LIFECYCLE_STOPPED, non_retryable=True
            ) from None

    def _fail(self, event: LifecycleEvent, done: list[LifecycleEventResult]) -> None:
        report = LifecycleReport(
            events=(*done, _result(event, LifecycleEventStatus.FAILED, "port 8080 in use"))
        )
        message = f'{self.name}: validate.sh ({event}) exited 1. Last output: "port 8080 in use".'
        raise ApplicationError(message, report, type=LIFECYCLE_FAILED, non_retryable=True)


def _result(
    event: LifecycleEvent, status: LifecycleEventStatus, output: str = ""
) -> LifecycleEventResult:
    now = datetime.now(UTC)
    diagnostics = Diagnostics()
    if status is LifecycleEventStatus.FAILED:
        diagnostics = Diagnostics(
            error_code=LifecycleErrorCode.SCRIPT_FAILED,
            script_name="validate.sh",
            message=output,
            log_tail=f"starting\n{output}\n",
        )
    return LifecycleEventResult(
        lifecycle_event_name=event,
        status=status,
        start_time=now,
        end_time=now,
        diagnostics=diagnostics,
    )


class Scenario:
    """One application with one deployment group and its simulated hosts.

    Attributes:
        most_out_of_service: The most hosts that were ever between ApplicationStop and their end.
    """

    def __init__(self, temporal: Client, scratch: Path, *, name: str) -> None:
        self._temporal = temporal
        self._scratch = scratch
        self._workers = AsyncExitStack()
        self._agents: dict[str, Worker] = {}
        self._role = f"{re.sub('[^a-z0-9-]', '-', name)}-{uuid4().hex[:6]}"
        self._out: dict[str, int] = {}
        self._settings: dict[str, Any] = {}
        self.application = f"shop-{uuid4().hex[:8]}"
        self.hosts: dict[str, SimulatedHost] = {}
        self.rollway = Rollway(temporal)
        self.last_id = ""
        self.most_out_of_service = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for host in self.hosts.values():
            if host.holding is not None:
                host.holding.set()
        await self._workers.aclose()
        for host in self.hosts.values():
            handle = self._temporal.get_workflow_handle(f"instance/{host.name}")
            with suppress(RPCError):  # some are deregistered already
                await handle.execute_update(InstanceWorkflow.deregister)

    def full(self, name: str) -> str:
        """The host's name on the server, which other tests share."""
        return f"{name}.{self._role}"[:100]

    # --- given

    async def of(self, *names: str, **zones: str) -> Self:
        """Register hosts, each with an agent that asks for work; keyword: its zone."""
        for name in (*names, *zones):
            tags = {"role": self._role} | ({"zone": zones[name]} if name in zones else {})
            host = SimulatedHost(self.full(name), tags, changed=self._changed)
            self.hosts[name] = host
            await self._register(host)
            await self.wake(name)
        await self._until_listed()
        return self

    async def of_away(self, name: str, **tags: str) -> Self:
        """Register a host whose agent does not run."""
        host = SimulatedHost(self.full(name), {"role": self._role} | tags, changed=self._changed)
        self.hosts[name] = host
        await self._register(host)
        await self._until_listed()
        return self

    async def _register(self, host: SimulatedHost) -> None:
        registration = InstanceRegistration(
            name=host.name, tags=tuple(Tag(key=k, value=v) for k, v in host.tags.items())
        )
        await self._temporal.start_workflow(
            InstanceWorkflow.run,
            registration,
            id=f"instance/{host.name}",
            task_queue=CONTROL_QUEUE,
        )

    async def wake(self, name: str) -> None:
        """Start the host's agent."""
        host = self.hosts[name]
        self._agents[name] = await self._workers.enter_async_context(
            Worker(
                self._temporal,
                task_queue=host_queue(host.name),
                activities=[host.run],
                max_concurrent_activities=1,
                max_concurrent_activity_task_polls=1,
            )
        )

    async def kill(self, name: str) -> None:
        """End the host's agent; it takes nothing up any more."""
        await self._agents[name].shutdown()

    async def depart(self, name: str) -> None:
        """End the host's agent for ever: its registration goes, too."""
        await self.kill(name)
        await self.deregister(name)

    async def deregister(self, name: str) -> None:
        """Let the host be forgotten."""
        handle = self._temporal.get_workflow_handle(f"instance/{self.hosts[name].name}")
        await handle.execute_update(InstanceWorkflow.deregister)

    async def _until_listed(self) -> None:
        expected = {host.name for host in self.hosts.values()}
        while not expected <= {i.registration.name for i in await self.rollway.instances()}:
            await asyncio.sleep(0.05)

    def failing(self, name: str, *, at: str, with_revision: str) -> Self:
        """Let a host fail at an event whenever it is given that revision."""
        self.hosts[name].failing[at] = with_revision
        return self

    def holding(self, name: str, *, at: str) -> asyncio.Event:
        """Let a host stay in an event until the returned event is set."""
        host = self.hosts[name]
        host.holding, host.held_at = asyncio.Event(), at
        return host.holding

    def with_settings(self, **settings: Any) -> Self:
        """Add members to the deployment group, in CodeDeploy's spelling."""
        self._settings |= settings
        return self

    async def running(self, label: str) -> Self:
        """Bring every host to a revision first."""
        await self.deploy(label, config="AllAtOnce")
        for host in self.hosts.values():
            host.runs.clear()
        self._out.clear()
        self.most_out_of_service = 0
        return self

    # --- when

    async def apply(self, **settings: Any) -> None:
        """Apply the application and its group."""
        group = DeploymentGroup.model_validate(
            {
                "applicationName": self.application,
                "deploymentGroupName": "web",
                "onPremisesInstanceTagFilters": [TagFilter(key="role", value=self._role)],
                "autoRollbackConfiguration": AUTO_ROLLBACK,
                "agentTimeoutSeconds": 30,
            }
            | self._settings
            | settings
        )
        await self.rollway.apply([Application(application_name=self.application), group])

    def request(self, label: str, config: str, **members: Any) -> DeploymentRequest:
        """Return a request to deploy a revision of that label."""
        bundle = self._scratch / label
        bundle.mkdir(exist_ok=True)
        if not (bundle / "appspec.yml").exists():
            (bundle / "appspec.yml").write_text(APPSPEC)
            (bundle / "validate.sh").write_text(f"#!/bin/sh\necho {label}\n")
        return DeploymentRequest.model_validate(
            {
                "applicationName": self.application,
                "deploymentGroupName": "web",
                "revision": local(bundle),
                "deploymentConfigName": config
                if "." in config or config.startswith("custom")
                else f"CodeDeployDefault.{config}",
            }
            | members
        )

    async def plan(self, label: str, config: str) -> Plan:
        """Return what deploying a revision of that label would do."""
        plan = await self.rollway.plan(self.request(label, config))
        assert isinstance(plan, Plan)
        return plan

    def remove_script(self, label: str) -> None:
        """Take the script out of a revision whose AppSpec names it."""
        (self._scratch / label / "validate.sh").unlink()

    async def start(self, label: str, *, config: str = "OneAtATime", **members: Any) -> str:
        """Start a deployment and return its id."""
        await self.apply()
        self.last_id = await self.rollway.deploy(self.request(label, config, **members))
        return self.last_id

    async def deploy(
        self, label: str, *, config: str = "OneAtATime", **members: Any
    ) -> DeploymentInfo:
        """Deploy, wait for the end and the rollback's end, and return the deployment."""
        return await self.ended(await self.start(label, config=config, **members))

    async def ended(self, deployment_id: str) -> DeploymentInfo:
        """Wait until a deployment and what it set off have ended."""
        async for _ in self.rollway.watch(deployment_id):
            pass
        return await self.rollway.deployment(deployment_id)

    async def cancel(self) -> None:
        """Request the cancellation of the last deployment, as the Web UI does."""
        await self._temporal.get_workflow_handle(self.last_id).cancel()

    async def until(self, condition: Callable[[DeploymentInfo], bool]) -> DeploymentInfo:
        """Wait until the last deployment is as `condition` says."""
        async for info in self.rollway.watch(self.last_id):
            if condition(info):
                return info
        raise AssertionError("the deployment ended without ever being so")

    # --- then

    def path(self, name: str) -> list[str]:
        """Every event the host ran, in order, over all deployments since `running`."""
        return [event for _, event in self.hosts[name].runs]

    def deployments_on(self, name: str) -> list[str]:
        """The ids of the deployments that touched the host, in order."""
        return list(dict.fromkeys(deployment for deployment, _ in self.hosts[name].runs))

    @property
    def untouched(self) -> list[str]:
        """Hosts on which nothing ran since `running`."""
        return [name for name, host in self.hosts.items() if not host.runs]

    async def target(self, name: str) -> TargetResult:
        """What the last deployment says of a host."""
        return await self.rollway.target(self.last_id, self.full(name))

    def _changed(self, name: str, change: int) -> None:
        self._out[name] = max(0, self._out.get(name, 0) + change)
        out = sum(1 for count in self._out.values() if count)
        self.most_out_of_service = max(self.most_out_of_service, out)
