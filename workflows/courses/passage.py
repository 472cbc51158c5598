"""One target on its way to new code: its events, its hooks, its shifts, and what is put back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from temporalio.exceptions import ActivityError, is_cancelled_exception

from codedeploy.deployment import DeploymentOverview
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.traffic import TrafficProgress
from codedeploy.traffic_plan import TrafficPlan
from workflows.gates import Permission
from workflows.hook_calls import HookCalls
from workflows.shifting import Route, Shifting
from workflows.single_target import SingleTarget
from workflows.undo import Undo, undone_on_failure


class Tools(NamedTuple):
    """What a deployment lends to its course.

    Attributes:
        may_start: Asked before each shift or batch.
        one_by_one: It is to be asked for no two at once.
        ready: Waits until somebody continues, for at most so many minutes.
        look_around: Looks at the alarms, and does not return if one of them stops the deployment.
        commit: Lets nothing stop the deployment any more; raises if it has been stopped already.
        changed: Told at every change.
    """

    hooks: HookCalls
    may_start: Permission
    one_by_one: bool
    ready: Permission
    look_around: Callable[[], Awaitable[None]]
    commit: Callable[[], None]
    changed: Callable[[], None]


class Passage:
    """One target of a Lambda or ECS deployment, while it is deployed to.

    Attributes:
        undo: What is put back if the deployment does not end well.
    """

    def __init__(self, plan: TrafficPlan, tools: Tools) -> None:
        self._plan = plan
        self._tools = tools
        self._messages: list[str] = []
        self._shifting: Shifting | None = None
        self._target = SingleTarget(plan.target, plan.events, changed=tools.changed)
        self.undo = Undo(told=tools.changed)

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[None]:
        """Carry the block out: it succeeds, or everything it changed is put back."""
        async with undone_on_failure(self.undo):
            try:
                yield
                self._tools.commit()
            except (asyncio.CancelledError, ActivityError) as error:
                if is_cancelled_exception(error):
                    self._target.stop()
                raise
        self._target.succeed()

    def event(self, event: LifecycleEvent) -> AbstractAsyncContextManager[None]:
        """Return a block that is the lifecycle event `event`."""
        return self._target.event(event)

    async def hook(self, event: LifecycleEvent) -> None:
        """Carry out an event that is a hook: ask its function, if it has one."""
        function = self._plan.hooks.get(event)
        async with self.event(event):
            if function is not None:
                await self._tools.hooks.ask(function, event)

    async def shift(self, route: Route, *, back: str, else_keeps: str = "") -> None:
        """Move the traffic as the schedule says.

        Args:
            route: Moves it.
            back: Says that it was put back.
            else_keeps: Why nothing before it is put back if the traffic cannot be.
        """
        self._shifting = Shifting(
            self._plan.schedule,
            route,
            may_start=self._tools.may_start,
            look_around=self._tools.look_around,
            changed=self._tools.changed,
        )
        self.undo.push(back, self._shifting.put_back, else_keeps=else_keeps)
        await self._shifting.walk()

    async def ready(self) -> None:
        """Wait until somebody continues, if the group says so."""
        if self._plan.ready_wait_minutes:
            await self._tools.ready(self._plan.ready_wait_minutes)

    def pass_over(self) -> None:
        """Succeed without doing anything."""
        self._target.skip_all()
        self.say(self._plan.no_op)

    def say(self, message: str) -> None:
        """Tell people something that no event tells."""
        self._messages.append(message)
        self._tools.changed()

    @property
    def percent(self) -> int:
        """What the replacement gets of the traffic now."""
        if self._plan.no_op:
            return 100
        return self._shifting.progress.percent if self._shifting else 0

    def face(self) -> dict[str, Any]:
        """Return what a deployment shows of its target."""
        result = self._target.result
        shown = {
            "target": result,
            "deployment_overview": DeploymentOverview.of([result.status]),
            "failures": (result.failure,) if result.failure else (),
            "deployment_status_messages": (*self._messages, *self.undo.done),
            "undo_problems": tuple(self.undo.problems),
        }
        wait = self._tools.hooks.wait
        return shown | {"traffic": self._progress} | ({"wait": wait} if wait else {})

    @property
    def _progress(self) -> TrafficProgress | None:
        if self._plan.no_op:
            return None
        if self._shifting is not None:
            return self._shifting.progress
        return TrafficProgress(schedule=self._plan.schedule)
