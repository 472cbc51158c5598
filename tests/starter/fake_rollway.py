"""A Rollway that answers from memory, and a command line that asks it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from codedeploy.application import Application
from codedeploy.application_info import ApplicationInfo
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment import DeploymentInfo, DeploymentStatus, InterventionRequest
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import (
    DeploymentConfigDoesNotExist,
    DeploymentDoesNotExist,
    DeploymentTargetDoesNotExist,
    RevisionDoesNotExist,
    RollwayError,
)
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.hook import HookReport
from codedeploy.instance import InstanceRegistration
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.manifest import Resource
from codedeploy.revision import PinnedRevision, Revision
from codedeploy.target import TargetResult
from codedeploy.traffic_plan import AnyPlan
from starter.answers import Applied, DeploymentRow, InstanceInfo
from starter.cli import app
from starter.deployments import WayBack
from starter.documents_on_disk import title_of
from tests.starter import deployments as given_
from tests.starter.test_render_plan import pinned, plan, wave


@dataclass
class FakeRollway:
    """Obeys the interface of `starter.client.Rollway`.

    Attributes:
        looks: What a watch sees, in order; the last look of each id answers questions.
        asked: What was asked for, in order.
        refusal: What every change is refused with.
        planned: What a deployment would do; None is a plan for one host.
        is_interrupted: Ctrl-C is pressed after the first look of a watch.
    """

    looks: Sequence[DeploymentInfo] = ()
    hosts: dict[str, tuple[TargetResult, ...]] = field(default_factory=dict)
    log_pieces: Sequence[str] = ()
    asked: list[Any] = field(default_factory=list)
    refusal: RollwayError | None = None
    planned: AnyPlan | None = None
    is_interrupted: bool = False

    async def __call__(self, *, address: str | None, namespace: str | None) -> "FakeRollway":
        self.asked.append(("connect", address, namespace))
        return self

    def _change(self, what: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(what)

    @property
    def _known(self) -> dict[str, DeploymentInfo]:
        return {look.deployment_id: look for look in self.looks}

    async def apply(self, documents: Sequence[Resource]) -> list[Applied]:
        self._change([title_of(one) for one in documents])
        return [Applied(kind="thing", name=title_of(one), change="created") for one in documents]

    async def applications(self) -> list[str]:
        return ["shop", "till"]

    async def application(self, name: str) -> ApplicationInfo:
        return ApplicationInfo(
            application=Application(application_name=name), revisions=(pinned("v2"),)
        )

    async def groups(self, application: str | None = None) -> list[str]:
        return [f"{application or 'shop'}/prod"]

    async def group(self, application: str, group: str) -> DeploymentGroupInfo:
        return DeploymentGroupInfo(
            group=DeploymentGroup(application_name=application, deployment_group_name=group),
            deployment_group_id="g-1",
        )

    async def configs(self) -> list[DeploymentConfig]:
        return list(PREDEFINED.values())

    async def config(self, name: str) -> DeploymentConfig:
        if name not in PREDEFINED:
            raise DeploymentConfigDoesNotExist(f"There is no configuration {name}.")
        return PREDEFINED[name]

    async def instances(self) -> list[InstanceInfo]:
        return [InstanceInfo(registration=InstanceRegistration(name="web-1"))]

    async def push(
        self, application: str, source: Path, *, appspec_filename: str | None = None
    ) -> PinnedRevision:
        named = (appspec_filename,) if appspec_filename else ()
        self._change(("push", application, source, *named))
        return pinned(source.name)

    async def revision(self, application: str, label: str) -> Revision:
        if label != "v2":
            raise RevisionDoesNotExist(f"{application} has no revision {label!r}.")
        return pinned(label).revision

    async def plan(self, request: DeploymentRequest) -> AnyPlan:
        self._change(request)
        return self.planned or plan(wave("web-1", size=1))

    async def deploy(self, request: DeploymentRequest) -> str:
        self._change(request)
        return given_.ID

    async def rollback(self, application: str, group: str, way: WayBack | None = None) -> str:
        self._change(("rollback", application, group, way))
        return given_.ID

    async def deployment(self, deployment_id: str) -> DeploymentInfo:
        if deployment_id not in self._known:
            raise DeploymentDoesNotExist(f"There is no deployment {deployment_id}.")
        return self._known[deployment_id]

    async def targets(self, deployment_id: str) -> list[TargetResult]:
        return list(self.hosts.get(deployment_id, ()))

    async def target(self, deployment_id: str, target: str) -> TargetResult:
        for host in await self.targets(deployment_id):
            if host.target_id == target:
                return host
        raise DeploymentTargetDoesNotExist(f"{deployment_id} has no target {target!r}.")

    async def deployments(
        self, *, group: str | None = None, status: DeploymentStatus | None = None, limit: int = 50
    ) -> list[DeploymentRow]:
        self.asked.append(("deployments", group, status, limit))
        return [
            DeploymentRow(
                deployment_id=look.deployment_id,
                application_name=look.application_name,
                deployment_group_name=look.deployment_group_name,
                status=look.status,
            )
            for look in self.looks
        ]

    async def intervene(self, deployment_id: str, verb: str, request: InterventionRequest) -> str:
        self._change((verb, deployment_id, request.reason, request.rollback))
        return f"{verb}: understood."

    async def continue_deployment(self, deployment_id: str, request: InterventionRequest) -> str:
        self._change(("continue", deployment_id, request.reason))
        return "continue: understood."

    async def hook_status(self, deployment_id: str, report: HookReport) -> str:
        self._change(("hook-status", deployment_id, report))
        return report.lifecycle_event_hook_execution_id

    async def watch(self, deployment_id: str) -> AsyncIterator[DeploymentInfo]:
        await self.deployment(deployment_id)
        for look in self.looks:
            yield look
            if self.is_interrupted:
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(0)

    async def log(
        self,
        deployment_id: str,
        target: str,
        event: LifecycleEvent | None = None,
        *,
        follow: bool = False,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        await self.target(deployment_id, target)
        self.asked.append(("log", deployment_id, target, event, follow, timestamps))
        for piece in self.log_pieces:
            yield piece


def rollway(fake: FakeRollway, *arguments: str, **options: Any) -> Result:
    """Run the command line against `fake`; a traceback fails the test."""
    return CliRunner().invoke(
        app, list(arguments), obj=fake, prog_name="rollway", catch_exceptions=False, **options
    )
