"""Activities that end when a test says so."""

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class Hold:
    """Holds a call of an activity.

    Attributes:
        ahead: How many calls are let through before it.
        reached: Set when it has come.
        released: Lets it go on.
    """

    def __init__(self, ahead: int = 0) -> None:
        self.ahead = ahead
        self.reached = asyncio.Event()
        self.released = asyncio.Event()


class HeldActivities(Interceptor):
    """Holds activities of a worker, by their names."""

    def __init__(self) -> None:
        self.holds: dict[str, Hold] = {}

    def intercept_activity(
        self, following: ActivityInboundInterceptor
    ) -> ActivityInboundInterceptor:
        return _Holding(following, self.holds)


class _Holding(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, holds: dict[str, Hold]) -> None:
        super().__init__(following)
        self._holds = holds

    async def execute_activity(self, call: ExecuteActivityInput) -> Any:
        name = activity.info().activity_type
        hold = self._holds.get(name)
        if hold is not None:
            hold.ahead -= 1
        if hold is not None and hold.ahead < 0:
            del self._holds[name]
            hold.reached.set()
            await hold.released.wait()
        return await super().execute_activity(call)
