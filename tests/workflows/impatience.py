"""Workflows that wait some seconds for an activity, where they would wait an hour.

Time is not skipped while an activity runs.

async with fleet_machine(Impatience("await_agents")) as machine:
    machine.fleets.be_silent("await_agents")
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

SECOND = timedelta(seconds=1)


class Impatience(Interceptor):
    """Limits every call of one activity.

    Args:
        action: The activity.
        limit: How long a call may take; what it is to tell meanwhile must arrive within that.

    Attributes:
        asked: How long each of them was to be waited for.
    """

    def __init__(self, action: str, *, limit: timedelta = SECOND) -> None:
        self._action = action
        self._limit = limit
        self.asked: list[timedelta | None] = []

    def limited(self, started: StartActivityInput) -> StartActivityInput:
        """Return the call as it is made."""
        if started.activity != self._action:
            return started
        self.asked.append(started.schedule_to_close_timeout)
        return replace(started, schedule_to_close_timeout=self._limit)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        limited = self.limited

        class Outbound(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002
                return super().start_activity(limited(input))

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound
