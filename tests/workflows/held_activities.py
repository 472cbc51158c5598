"""Activities that end when a test says so."""

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class Hold:
    """Holds the first call of an activity that comes by.

    Attributes:
        reached: Set when there is one.
        released: Lets it go on.
    """

    def __init__(self) -> None:
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
        hold = self._holds.pop(activity.info().activity_type, None)
        if hold is not None:
            hold.reached.set()
            await hold.released.wait()
        return await super().execute_activity(call)
