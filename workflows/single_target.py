"""The one target of a deployment to a function or a service, and its lifecycle events."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from codedeploy.errors import DeploymentFailure
from codedeploy.lifecycle import RESERVED, LifecycleEvent
from codedeploy.target import (
    TargetFailure,
    TargetResult,
    accomplished,
    begun,
    failed,
    interrupted,
    succeeded,
)
from workflows.refusal import refusal_in


class SingleTarget:
    """Keeps the lifecycle events of one target while the control plane carries them out.

    Args:
        target_id: As CodeDeploy's API names it.
        flow: All its events, in order.
        changed: Told at every change.

    Attributes:
        result: Where the target stands.
    """

    def __init__(
        self, target_id: str, flow: tuple[LifecycleEvent, ...], *, changed: Callable[[], None]
    ) -> None:
        self._flow = flow
        self._changed = changed
        self.result = TargetResult(target_id=target_id)

    @asynccontextmanager
    async def event(self, event: LifecycleEvent) -> AsyncIterator[None]:
        """Record the block as `event`: it succeeds, fails with the block's error, or is stopped."""
        self._become(begun(self.result, event, workflow.now()))
        try:
            yield
        except (ActivityError, DeploymentFailure) as error:
            if is_cancelled_exception(error):
                raise
            self._fail(event, error)
            raise
        self._become(accomplished(self.result, event, workflow.now()))

    def succeed(self) -> None:
        """Record that the last event ended well."""
        self._become(succeeded(self.result))

    def stop(self) -> None:
        """Record that the target was stopped; events it never reached are skipped."""
        self._become(interrupted(self.result, flow=self._flow, now=workflow.now()))

    def skip_all(self) -> None:
        """Record that nothing needed to be done."""
        for event in self._flow:
            self._become(begun(self.result, event, workflow.now()))
            self._become(accomplished(self.result, event, workflow.now()))
        self.succeed()

    def _fail(self, event: LifecycleEvent, error: ActivityError | DeploymentFailure) -> None:
        refusal = refusal_in(error)
        failure = TargetFailure(
            target_id=self.result.target_id,
            event=event,
            error_code=refusal.code,
            message=refusal.message,
        )
        changes = event in RESERVED
        self._become(
            failed(self.result, failure, is_touched=changes, flow=self._flow, now=workflow.now())
        )

    def _become(self, result: TargetResult) -> None:
        self.result = result
        self._changed()
