"""The end of the original of a blue/green deployment, some time after the deployment itself."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.auto_scaling_groups import AutoScalingGroups
from activities.ecs_services import EcsServices
from activities.lifecycle_hooks import LifecycleHooks
from activities.listeners import Listeners
from codedeploy.auto_scaling import AttachmentOrder, HooksOrder, ScalingQuestion
from workflows.options import CHANGE, LONG_CHANGE
from workflows.orders import FleetEnd, TerminationOrder
from workflows.refusal import Refusal, refusal_of
from workflows.scaling_groups import detach
from workflows.suspension import resume_all

FINISHING_LIMIT = timedelta(hours=1)
"""How long the next deployment waits for the end of the original of the one before."""


@workflow.defn
class TerminationWorkflow:
    """Keeps the original for its wait, then ends it.

    Its deployment has ended meanwhile, and its group is free. `rollway continue` sends `finish`; so
    does the next deployment, which then waits for the end.
    """

    @workflow.init
    def __init__(self, order: TerminationOrder) -> None:
        self._is_asked_to_finish = False

    @workflow.run
    async def run(self, order: TerminationOrder) -> None:
        """Let the replacement be itself, wait, then end the original.

        An original that is to be deleted stays if the replacement cannot be settled, which may take
        from it what it lacks.
        """
        unsettled = await refusal_of(_settle(order.fleet)) if order.fleet is not None else None
        if order.fleet is not None and order.fleet.terminates:
            _complain(unsettled)
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._is_asked_to_finish,
                timeout=timedelta(minutes=order.wait_minutes),
                timeout_summary="the original task set is kept"
                if order.fleet is None
                else "the original instances are kept",
            )
        if order.fleet is not None:
            await _end_fleet(order.fleet, unsettled)
        else:
            await _end_task_set(order)

    @workflow.signal
    def finish(self) -> None:
        """End the wait."""
        self._is_asked_to_finish = True


async def _end_task_set(order: TerminationOrder) -> None:
    """Delete the original task set, then detach its target group when it has drained."""
    assert order.question is not None
    await workflow.execute_activity_method(
        EcsServices.delete,
        order.question,
        summary="Delete the original task set",
        **LONG_CHANGE,
    )
    if order.detachment is not None:
        await workflow.execute_activity_method(
            Listeners.route,
            order.detachment,
            summary="Forward production traffic to the replacement's target group alone",
            **CHANGE,
        )


async def _settle(fleet: FleetEnd) -> None:
    """Let the copy of an Auto Scaling group scale from now on as the original did."""
    if fleet.copy_order is None:
        return
    await workflow.execute_activity_method(
        AutoScalingGroups.settle,
        fleet.copy_order,
        summary=f"Resume processes of {fleet.copy_order.name}",
        **LONG_CHANGE,
    )


async def _end_fleet(fleet: FleetEnd, unsettled: Refusal | None) -> None:
    if fleet.terminates:
        await _terminate(fleet)
    else:
        _complain(unsettled, *await _let_go(fleet))


async def _terminate(fleet: FleetEnd) -> None:
    if fleet.scaling_groups:
        question = ScalingQuestion(names=fleet.scaling_groups, role_arn=fleet.instances.role_arn)
        await workflow.execute_activity_method(
            AutoScalingGroups.retire,
            question,
            summary=f"Delete {', '.join(fleet.scaling_groups)}"[:200],
            **LONG_CHANGE,
        )
    if fleet.instances.names:
        await workflow.execute_activity_method(
            AutoScalingGroups.terminate,
            fleet.instances,
            summary=f"Terminate {len(fleet.instances.names)} original instances",
            **LONG_CHANGE,
        )


async def _let_go(fleet: FleetEnd) -> list[Refusal | None]:
    """Give the Auto Scaling groups of the original back to their owner: no hooks, no traffic.

    What is refused, and returned, keeps nothing else from being done; but a group that keeps its
    load balancers stays as it is: what it launched would have traffic.
    """
    refusals: list[Refusal | None] = []
    if fleet.hooks is not None and fleet.hooks.names:
        refusals.append(await refusal_of(_unhook(fleet.hooks)))
    attached = set()
    for attachment in fleet.attachments:
        if refusal := await refusal_of(detach(attachment)):
            attached.add(attachment.auto_scaling_group)
            refusals.append(_with_what_stays(refusal, attachment))
    free = [one for one in fleet.resumed if one.auto_scaling_group not in attached]
    return [*refusals, await refusal_of(resume_all(free))]


def _complain(*refusals: Refusal | None) -> None:
    """Fail for good if something was refused; it is all named."""
    refused = [one for one in refusals if one is not None]
    if refused:
        said = " ".join(one.message for one in refused)
        raise ApplicationError(said, type=refused[0].code, non_retryable=True)


def _with_what_stays(refusal: Refusal, attachment: AttachmentOrder) -> Refusal:
    name = attachment.auto_scaling_group
    return refusal._replace(
        message=f"{refusal.message} {name} keeps its load balancers, and its processes stay "
        "suspended. Detach the ones and resume the others by hand."
    )


async def _unhook(hooks: HooksOrder) -> None:
    await workflow.execute_activity_method(
        LifecycleHooks.remove, hooks, summary="Remove lifecycle hooks", **CHANGE
    )
