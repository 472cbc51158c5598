"""What is to be kept in order around the lifecycle hooks of a deployment group."""

from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.lifecycle_hooks import LifecycleHooks
from activities.registrations import Registrations
from codedeploy.auto_scaling import HooksOrder
from codedeploy.scaling_hooks import stale_hooks
from workflows.options import SEARCH, UPKEEP
from workflows.orders import ScalingWatchOrder
from workflows.refusal import refusal_in

SECOND_TRY = timedelta(minutes=1)
"""When is tried again what AWS has refused."""


class Upkeep:
    """Keeps hooks as they are wanted, removes those that are not, and forgets who was terminated.

    Args:
        order: What is wanted at first.

    Attributes:
        stale: Hooks that are still to be removed.
        trouble: What could not be done, a sentence each; it is tried again.
        is_busy: Whether something is being done.
    """

    def __init__(self, order: ScalingWatchOrder) -> None:
        self._hooks = order.hooks
        self._is_due = True
        self.stale = order.stale
        self.trouble: tuple[str, ...] = ()
        self.is_busy = False

    @property
    def is_needed(self) -> bool:
        """Whether there are hooks that are wanted, or to be removed."""
        return bool(self._hooks.names or self.stale)

    def want(self, hooks: HooksOrder) -> None:
        """Keep these from now on, and remove those of other groups."""
        self.stale = stale_hooks((*self.stale, self._hooks), hooks)
        self._is_due = self._is_due or hooks != self._hooks
        self._hooks = hooks

    def hasten(self) -> None:
        """Look soon whether all is in order."""
        self._is_due = True

    async def go_on(self) -> None:
        """See to it without end."""
        while True:
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._is_due, timeout=SECOND_TRY if self.trouble else None
                )
            self._is_due, self.is_busy = False, True
            self.trouble = await self._refusals()
            self.is_busy = False

    async def _refusals(self) -> tuple[str, ...]:
        """Do what is due, one after another; return why something could not be done."""
        refused: list[str] = []
        for put in self.stale:
            # What was removed before let other hooks be wanted, these perhaps.
            if put in self.stale:
                refused += await _tried(self._remove(put))
        if self._hooks.names:
            refused += await _tried(self._keep())
            refused += await _tried(self._forget_terminated())
        return tuple(refused)

    async def _remove(self, put: HooksOrder) -> tuple[str, ...]:
        await workflow.execute_activity_method(
            LifecycleHooks.remove,
            put,
            summary=f"Remove the lifecycle hooks of {', '.join(put.names)}"[:200],
            **UPKEEP,
        )
        # That await lets other hooks be wanted: some of these may be wanted again.
        self.stale = tuple(one for one in self.stale if one != put)
        return ()

    async def _keep(self) -> tuple[str, ...]:
        return await workflow.execute_activity_method(
            LifecycleHooks.keep, self._hooks, summary="Check the lifecycle hooks", **UPKEEP
        )

    async def _forget_terminated(self) -> tuple[str, ...]:
        await workflow.execute_activity_method(
            Registrations.deregister_terminated,
            self._hooks.role_arn,
            summary="Forget instances that were terminated",
            **SEARCH,
        )
        return ()


async def _tried(work: Awaitable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what `work` complains of, or why it could not be done."""
    try:
        return await work
    except ActivityError as error:
        return (refusal_in(error).message,)
