"""Where the hosts of a cohort meet to leave service, and to come back: one call for all of them."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.load_balancers import LoadBalancers
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.traffic_control import TrafficCommand, TrafficReport
from workflows.options import at_load_balancers
from workflows.orders import DeploymentOrder
from workflows.refusal import refusal_in


class TrafficDesk:
    """Carries out traffic events for hosts that go through them together.

    A host waits at each traffic event until all others have come to it too or have ended.

    Args:
        command: What the load balancers are told, but for the targets.
        cohort: The hosts.
    """

    def __init__(self, command: TrafficCommand, cohort: Iterable[str]) -> None:
        self._command = command
        self._expected = set(cohort)
        self._arrived: dict[LifecycleEvent, list[str]] = {}
        self._calls: dict[LifecycleEvent, asyncio.Task[TrafficReport]] = {}

    async def carry_out(self, event: LifecycleEvent, target: str) -> datetime:
        """Take `target` through a traffic event, together with the others; return when it ended.

        Raises:
            DeploymentFailure: A load balancer did not follow, or could not be told; it says why.
        """
        arrived = self._arrived.setdefault(event, [])
        arrived.append(target)
        await workflow.wait_condition(lambda: self._expected <= set(arrived))
        if event not in self._calls:
            self._calls[event] = asyncio.create_task(self._called(event, tuple(arrived)))
        try:
            report = await self._calls[event]
        except ActivityError as error:
            raise not_told(error, event, target) from error
        if target in report.failures:
            raise DeploymentFailure(
                ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, f"{target}: {report.failures[target]}"
            )
        return report.ended[target]

    def leave(self, target: str) -> None:
        """Wait for `target` no more: it has ended."""
        self._expected.discard(target)

    async def _called(self, event: LifecycleEvent, targets: tuple[str, ...]) -> TrafficReport:
        return await tell_load_balancers(
            event, self._command.model_copy(update={"targets": targets})
        )


def not_told(error: ActivityError, event: LifecycleEvent, target: str) -> DeploymentFailure:
    """Return why `target` failed if its load balancers could not be told of a traffic event."""
    if is_cancelled_exception(error):
        return DeploymentFailure(
            ErrorCode.MANUAL_STOP,
            f"{target}: stopped during {event}. Its load balancers may have been told already.",
        )
    code, why = refusal_in(error)
    known = ErrorCode(code) if code in ErrorCode.__members__ else ErrorCode.INTERNAL_ERROR
    return DeploymentFailure(known, f"{target}: {why}")


async def tell_load_balancers(event: LifecycleEvent, command: TrafficCommand) -> TrafficReport:
    """Carry out one of the two traffic events for all targets of `command`.

    Raises:
        ActivityError: The load balancers could not be told.
    """
    is_blocked = event is LifecycleEvent.BLOCK_TRAFFIC
    return await workflow.execute_activity_method(
        LoadBalancers.block if is_blocked else LoadBalancers.allow,
        command,
        summary=f"{event}: {', '.join(command.targets)}"[:200],
        **at_load_balancers(command.timeout_seconds),
    )


def traffic_command(order: DeploymentOrder, targets: tuple[str, ...] = ()) -> TrafficCommand | None:
    """Return what load balancers are told of `targets`; None if the group names none."""
    group = order.group
    if group.load_balancer_info is None:
        return None
    return TrafficCommand(
        deployment_id=order.deployment_id,
        targets=targets,
        load_balancer_info=group.load_balancer_info,
        timeout_seconds=group.traffic_timeout_seconds,
        role_arn=group.service_role_arn,
    )


async def move_traffic(
    order: DeploymentOrder, event: LifecycleEvent, targets: tuple[str, ...]
) -> None:
    """Carry out a traffic event for all of `targets`, without their scripts.

    Raises:
        DeploymentFailure: ELASTIC_LOAD_BALANCING_INVALID, some did not follow.
        ActivityError: The load balancers could not be told.
    """
    failures = await _failures(order, event, targets)
    if failures:
        found = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, found)


async def unmoved(
    order: DeploymentOrder, event: LifecycleEvent, targets: tuple[str, ...]
) -> dict[str, str]:
    """Carry out a traffic event as `move_traffic` does; return who did not follow, and why."""
    try:
        return await _failures(order, event, targets)
    except ActivityError as error:
        return dict.fromkeys(targets, refusal_in(error).message)


async def _failures(
    order: DeploymentOrder, event: LifecycleEvent, targets: tuple[str, ...]
) -> dict[str, str]:
    command = traffic_command(order, targets)
    assert command is not None
    return (await tell_load_balancers(event, command)).failures
