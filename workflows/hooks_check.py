"""Looking at the lifecycle hooks of a deployment group; it changes nothing."""

from datetime import timedelta

from temporalio import workflow

from activities.lifecycle_hooks import LifecycleHooks
from codedeploy.auto_scaling import HooksOrder
from workflows.options import LOOK, LookOptions

GLANCE: LookOptions = {**LOOK, "schedule_to_close_timeout": timedelta(seconds=10)}
"""Somebody waits for the answer."""


@workflow.defn
class HooksCheckWorkflow:
    """Answers what is wrong with the lifecycle hooks that a deployment group needs.

    The command line has no rights on AWS: the control plane looks in its place.
    """

    @workflow.run
    async def run(self, order: HooksOrder) -> tuple[str, ...]:
        """Return a sentence for everything that is not in order."""
        return await workflow.execute_activity_method(
            LifecycleHooks.check,
            order,
            summary=f"Look at the lifecycle hooks of {', '.join(order.names)}"[:200],
            **GLANCE,
        )
