"""What comes too late: everything is done, and only the end of the original is still to be left.

Whoever could stop a deployment there would be told that all is put back, and nothing would be.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError

from codedeploy.deployment import DeploymentInfo, InterventionRequest
from tests.copied_fleets import copying
from tests.workflows.fake_aws import REPLACEMENT
from tests.workflows.fleet_machine import GREEN, FleetMachine, fleet_machine
from tests.workflows.held_workflows import (
    LEAVING,
    TELLING,
    HeldWorkflows,
    let_go,
    until_held,
)
from tests.workflows.time_machine import TimeMachine, time_machine

ALARMS: dict[str, Any] = {"alarmConfiguration": {"enabled": True, "alarms": [{"name": "errors"}]}}


class Last(NamedTuple):
    """A deployment that is about to leave its original to its end."""

    machine: TimeMachine | FleetMachine
    running: WorkflowHandle[Any, DeploymentInfo]

    async def ended(self) -> DeploymentInfo:
        """Let it go on, and return it when it and its original have ended."""
        await let_go(self.running, LEAVING)
        await let_go(self.running, TELLING)
        deployment = await self.machine.ended(self.running)
        await self.machine.termination(deployment).result()
        return deployment

    def is_handed_over(self, deployment: DeploymentInfo) -> bool:
        """Whether the replacement serves, and the original is gone."""
        if isinstance(self.machine, TimeMachine):
            return self.machine.service(deployment).task_sets == [REPLACEMENT]
        fleets = self.machine.fleets
        return fleets.serving == {*GREEN} and "web" not in fleets.groups


@pytest.fixture(params=["servers", "ECS"])
async def last(request: pytest.FixtureRequest) -> AsyncIterator[Last]:
    if request.param == "ECS":
        async with time_machine(HeldWorkflows()) as services:
            services.alarms.are_watched = True
            ecs = services.of_ecs("CodeDeployDefault.ECSAllAtOnce", termination_wait=0, **ALARMS)
            yield await about_to_leave(services, await services.start(ecs))
    else:
        async with fleet_machine(HeldWorkflows()) as fleets:
            fleets.alarms.are_watched = True
            copied = fleets.order(**copying(), **ALARMS)
            yield await about_to_leave(fleets, await fleets.start(copied))


async def about_to_leave(
    machine: TimeMachine | FleetMachine, running: WorkflowHandle[Any, DeploymentInfo]
) -> Last:
    await until_held(running, LEAVING)
    return Last(machine, running)


async def test_a_signal_that_comes_too_late_is_recorded_and_changes_nothing(last: Last) -> None:
    await last.running.signal("stop", InterventionRequest(reason="errors"))
    deployment = await last.ended()

    assert deployment.status == "Succeeded"
    assert last.is_handed_over(deployment)
    (asked,) = deployment.interventions
    assert asked.outcome.startswith("ignored: ")
    assert "it is too late to stop it" in asked.outcome


async def test_a_request_that_comes_too_late_is_refused_by_name(last: Last) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await last.running.execute_update("rollback", InterventionRequest())
    deployment = await last.ended()

    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "DeploymentAlreadyCompletedException"
    assert "rollway rollback shop/prod" in refused.value.cause.message
    assert last.is_handed_over(deployment)


async def test_a_cancellation_that_comes_too_late_does_nothing(last: Last) -> None:
    await last.running.cancel()
    deployment = await last.ended()

    assert deployment.status == "Succeeded"
    assert last.is_handed_over(deployment)


async def test_a_cancellation_while_the_group_is_told_does_nothing(last: Last) -> None:
    await let_go(last.running, LEAVING)
    await until_held(last.running, TELLING)

    await last.running.cancel()
    deployment = await last.ended()

    described = await last.running.describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert deployment.status == "Succeeded"


async def test_an_alarm_that_comes_too_late_does_nothing(last: Last) -> None:
    last.machine.alarms.firing["errors"] = "7 errors"
    await until_alarm_is_seen(last.running)
    deployment = await last.ended()

    assert deployment.status == "Succeeded"
    assert last.is_handed_over(deployment)


async def until_alarm_is_seen(running: WorkflowHandle[Any, DeploymentInfo]) -> None:
    """Wait until the watch of the alarms has told its deployment."""
    async for event in running.fetch_history_events(wait_new_event=True):
        completed = event.activity_task_completed_event_attributes
        if any(b"7 errors" in payload.data for payload in completed.result.payloads):
            return
