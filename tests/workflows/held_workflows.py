"""Deployments that stay where they tell others of their success, until they are told to go on.

async with time_machine(HeldWorkflows()) as machine:
    running = await machine.start(order)
    await until_held(running, LEAVING)
    ...
    await let_go(running, LEAVING)
"""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    SignalExternalWorkflowInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

LEAVING = "TerminationWorkflow"
"""Before this child is started."""

TELLING = "deployment_ended"
"""Before the group gets this signal."""

DEPLOYING = "DeploymentWorkflow"
"""Before a group starts this child."""

_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_GO, _PLACE = "let_go", "place"


class HeldWorkflows(Interceptor):
    """Holds workflows at some places, each time that they come there.

    Args:
        places: By default `LEAVING`, and then `TELLING`.
    """

    def __init__(self, *places: str) -> None:
        self._places = places or (LEAVING, TELLING)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        held = self._places

        class Holding(_Inbound):
            places = held

        return Holding


class _Inbound(WorkflowInboundInterceptor):
    """Answers where its workflow is held, and can be told to let it go."""

    places: tuple[str, ...] = ()

    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002
        super().__init__(next)
        self._place = ""
        self._come: list[str] = []
        self._passed: list[str] = []

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        workflow.set_query_handler(_PLACE, lambda: self._place)
        workflow.set_signal_handler(_GO, self._passed.append)
        return await super().execute_workflow(input)

    async def stay(self, place: str) -> None:
        """Wait until somebody lets the workflow go on from there, if it is to be held there."""
        if place not in self.places:
            return
        earlier = self._come.count(place)
        self._come.append(place)
        self._place = place
        await workflow.wait_condition(lambda: self._passed.count(place) > earlier)


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, told: _Inbound) -> None:  # noqa: A002
        super().__init__(next)
        self._told = told

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> Any:  # noqa: A002
        await self._told.stay(input.workflow)
        return await super().start_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002
        await self._told.stay(input.signal)
        await super().signal_external_workflow(input)


async def until_held(running: WorkflowHandle[Any, Any], place: str) -> None:
    """Wait until a workflow is held there, and has said so."""
    while await running.query(_PLACE) != place or await _has_a_task(running):
        await asyncio.sleep(0.02)


async def _has_a_task(running: WorkflowHandle[Any, Any]) -> bool:
    """Whether a workflow is about to go on; a query already knows what it will do then."""
    events = (await running.fetch_history()).events
    tasks = [one.event_type for one in events if one.event_type in (_SCHEDULED, _COMPLETED)]
    return tasks[-1] == _SCHEDULED


async def let_go(running: WorkflowHandle[Any, Any], place: str) -> None:
    """Let a workflow go on from there."""
    await running.signal(_GO, place)
