"""Deployment groups that are alike, each with an Auto Scaling group; what they do by themselves.

A life: the group is applied and deployed to, an instance is launched, and the group lets go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from temporalio.service import RPCError

from codedeploy.application import Application
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import RollwayError
from codedeploy.identifiers import group_workflow_id, scaling_watch_id
from starter.answers import DeploymentRow
from starter.client import Rollway
from tests.end_to_end.fates import Step
from tests.end_to_end.fleet_agents import FleetAgents
from tests.end_to_end.fleet_kinds import SIZE
from tests.end_to_end.fleet_twins import FleetTwin, revision
from tests.end_to_end.stories import Outcome
from tests.end_to_end.twins import steps_of

_LOOK_SECONDS = 0.2
T = TypeVar("T")


class FleetLife(FleetTwin):
    """One deployment group that is to be, with an Auto Scaling group of one instance."""

    @property
    def deployment_id(self) -> str:
        """The name of the group, whom its fate concerns: its deployments choose their ids."""
        return self.name

    async def deploy(self) -> Outcome:
        """Live, and return how all deployments of that life ended."""
        agents = FleetAgents(
            self.temporal,
            lambda: [*self.site.states()],
            expected=SIZE - len(self.hosts),
            failing={},
        )
        async with agents.at_work(self.hosts):
            await self._apply(self.group)
            await self._until_ended(await _sooner_or_later(self._started))
            await asyncio.to_thread(self.site.resize, SIZE)
            await _until(lambda: len(self.site.in_service()) == SIZE)
            rows = await _sooner_or_later(self._two_deployments)
            await self._apply(self.group.model_copy(update={"auto_scaling_groups": ()}))
            await _until(lambda: not self._hooks())
        return _outcome_of(rows)

    async def steps(self) -> list[Step]:
        """Return what the group and its watch do, each kind of activity once."""
        group = group_workflow_id(self.name, self.name)
        found = [
            step
            for workflow_id in (group, scaling_watch_id(group))
            for step in await steps_of(self.temporal, workflow_id)
        ]
        return list(dict.fromkeys(found))

    @property
    def group(self) -> DeploymentGroup:
        """The deployment group, of an application of its own."""
        return super().group.model_copy(update={"application_name": self.name})

    async def _apply(self, group: DeploymentGroup) -> None:
        application = Application(application_name=self.name)
        await _sooner_or_later(lambda: self._rollway.apply([application, group]))

    async def _started(self) -> str:
        request = DeploymentRequest(
            application_name=self.name,
            deployment_group_name=self.name,
            revision=revision(),
            idempotency_key="the first one",
        )
        return await self._rollway.deploy(request)

    async def _until_ended(self, deployment_id: str) -> None:
        with suppress(Exception):
            await self.temporal.get_workflow_handle(deployment_id).result()

    async def _two_deployments(self) -> Sequence[DeploymentRow]:
        """Return the deployments: that of the beginning and that of the launch, both over."""
        while True:
            rows = await self._rollway.deployments(group=f"{self.name}/{self.name}")
            if len(rows) >= SIZE and all(row.status.is_final for row in rows):
                return rows
            await asyncio.sleep(_LOOK_SECONDS)

    def _hooks(self) -> list[Any]:
        found = self.site.aws.client("autoscaling").describe_lifecycle_hooks(
            AutoScalingGroupName=self.name
        )
        return list(found["LifecycleHooks"])

    @property
    def _rollway(self) -> Rollway:
        return Rollway(self.temporal)


def _outcome_of(rows: Sequence[DeploymentRow]) -> Outcome:
    ends = tuple(sorted((str(row.creator), row.status.value) for row in rows))
    status = ", ".join({status for _, status in ends})
    return Outcome(status, error="", events=ends, moves=(), messages=0, left_behind=())


async def _sooner_or_later(asked: Callable[[], Awaitable[T]]) -> T:
    """Return what is answered, as soon as there is a worker to answer."""
    while True:
        with suppress(RollwayError, RPCError):
            return await asked()
        await asyncio.sleep(_LOOK_SECONDS)


async def _until(condition: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(condition):
        await asyncio.sleep(_LOOK_SECONDS)
