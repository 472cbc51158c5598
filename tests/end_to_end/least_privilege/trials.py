"""Deployments in roles that may do more or less, all at once, and how each one ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from temporalio.client import WorkflowExecutionStatus

from codedeploy.deployment import DeploymentInfo, InterventionRequest
from codedeploy.deployment_request import DeploymentRequest
from tests.traffic_scenario import EcsScenario, TrafficScenario

Course = Callable[[TrafficScenario], Awaitable[str]]
"""Does something while a deployment runs, and returns what could be read meanwhile."""


@dataclass(frozen=True)
class Ending:
    """How a deployment ended.

    Attributes:
        told: What people can read: why it failed, what was not put back, what was said meanwhile.
    """

    info: DeploymentInfo
    told: str

    @property
    def code(self) -> str:
        """Its error code; empty if it succeeded."""
        return self.info.error_information.code if self.info.error_information else ""


@dataclass(frozen=True)
class Trial:
    """A deployment that is about to run, and what happens to it."""

    scenario: TrafficScenario
    request: DeploymentRequest
    course: Course

    async def run(self) -> Ending:
        """Deploy, and return how that ended."""
        self.scenario.last_id = await self.scenario.rollway.deploy(self.request)
        seen = await self.course(self.scenario)
        info = await self.scenario.ended(self.scenario.last_id)
        why = info.error_information.message if info.error_information else ""
        return Ending(info, " ".join((why, *info.undo_problems, seen)))


async def endings(trials: Mapping[str, Trial]) -> dict[str, Ending]:
    """Run all trials at once, and return how each ended."""
    ended = await asyncio.gather(*(trial.run() for trial in trials.values()))
    return dict(zip(trials, ended, strict=True))


# --- courses


async def undisturbed(scenario: TrafficScenario) -> str:
    """Let it run; after a success on ECS, until the original task set is gone, too."""
    info = await scenario.ended(scenario.last_id)
    if isinstance(scenario, EcsScenario) and info.status == "Succeeded":
        await scenario.terminated(scenario.last_id)
    return ""


async def stopped(scenario: TrafficScenario) -> str:
    """Stop it when a tenth of the traffic has moved."""
    async for info in scenario.rollway.watch(scenario.last_id):
        if info.traffic is not None and info.traffic.percent == 10:
            await _stop(scenario)
            break
    return ""


def stopped_when_told(word: str) -> Course:
    """Return what stops a deployment as soon as a heartbeat of its activities tells `word`."""

    async def course(scenario: TrafficScenario) -> str:
        while (said := await _heartbeats(scenario)) is not None:
            if word in said:
                await _stop(scenario)
                return said
            await asyncio.sleep(0.2)
        return ""

    return course


async def _stop(scenario: TrafficScenario) -> None:
    await scenario.rollway.intervene(scenario.last_id, "stop", InterventionRequest(rollback=False))


async def _heartbeats(scenario: TrafficScenario) -> str | None:
    """Return what the activities of a deployment said last; None once it has ended."""
    described = await scenario.temporal.get_workflow_handle(scenario.last_id).describe()
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return None
    return " ".join(
        payload.data.decode()
        for one in described.raw_description.pending_activities
        for payload in one.heartbeat_details.payloads
    )
