"""The course of a blue/green deployment to servers: another fleet, then its traffic, then the end.

Source: CodeDeploy User Guide, Overview of an EC2/On-Premises blue/green deployment.
"""

from typing import Any

from codedeploy.deployment import DeploymentOutcome, DeploymentOverview, DeploymentStatus
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.failures import health_constraints_message
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.plan import Plan, resized, walk_at_once, walk_through
from codedeploy.stage import BLOCK_ORIGINAL, INSTALL, REROUTE
from codedeploy.waves import floor_for
from workflows.courses.ending import Ending
from workflows.courses.passage import Tools
from workflows.courses.servers import facts_of
from workflows.green_fleets import GreenFleet, green_fleet
from workflows.orders import DeploymentOrder, FleetEnd, TerminationOrder
from workflows.original_fleet import OriginalFleet
from workflows.planning import Basis, blue_green
from workflows.traffic_desk import move_traffic
from workflows.undo import Undo, undone_on_failure
from workflows.walks import Walks
from workflows.way_back import WayBack

STILL_NEEDED = (
    "The replacement goes on serving. Bring the original back into service, then do this by hand."
)
"""What is said of all that is kept while the original cannot come back."""


class BlueGreenCourse:
    """Replaces one fleet of servers by another; ended in any way but well, the first one serves."""

    touched: dict[str, bool] = {}

    def __init__(self, order: DeploymentOrder, tools: Tools) -> None:
        self._order = order
        self._tools = tools
        self._walks = Walks(order, tools)
        self._undo = Undo(told=tools.changed)
        self._way_back = WayBack(order, self._walks, self._undo, say=self._say)
        self._messages: list[str] = []
        self._plan: Plan | None = None
        self._fleet: GreenFleet | None = None
        self._ending = Ending(order)

    async def make_plan(self) -> Plan:
        """Return the plan, once what the deployment before left to do is done."""
        return await blue_green.make_plan(await self._ending.basis())

    async def run(self, plan: Plan) -> None:
        """Install beside the original, move the traffic; put all back if that does not end well.

        Raises:
            DeploymentFailure: Too many instances failed, or the original did not leave service.
        """
        handover = plan.handover
        assert handover is not None
        self._plan = plan
        self._fleet = fleet = green_fleet(self._order, handover, say=self._say)
        original = OriginalFleet(self._order, handover)
        async with undone_on_failure(self._undo):
            green = await fleet.provide(self._undo)
            self._plan = plan = await self._of_size(plan, len(green))
            ready = await self._install(plan, green)
            if handover.ready_wait_minutes:
                await self._tools.ready(handover.ready_wait_minutes)
            serving = await self._reroute(plan, ready)
            await fleet.take_over(self._undo, serving=serving)
            await original.freeze(self._undo)
            await self._block_original(plan, await original.members())
            while late := await original.latecomers():
                await self._block_original(plan, late)
            if original.strays:
                await move_traffic(self._order, LifecycleEvent.BLOCK_TRAFFIC, original.strays)
            self._tools.commit()
        await self._leave(plan, original.end())

    async def _of_size(self, plan: Plan, size: int) -> Plan:
        """Return `plan` for so many instances; its source may want a copy larger, or smaller."""
        if size == plan.size:
            return plan
        floor = floor_for(await Basis.of_order(self._order).config(), size)
        self._say(f"The copy has {size} instances, not {plan.size}: {floor.arithmetic}.")
        return resized(plan, floor, size)

    # --- the stages

    async def _install(self, plan: Plan, green: tuple[str, ...]) -> tuple[str, ...]:
        floor = plan.minimum_healthy
        rollout = await self._walks.walk(walk_through(plan, green, minimum_healthy=floor), INSTALL)
        return self._enough(plan, tuple(name for name in green if name in set(rollout.succeeded)))

    async def _reroute(self, plan: Plan, ready: tuple[str, ...]) -> tuple[str, ...]:
        """Let the replacement have traffic, beside the original; return who has it."""
        self._undo.push(
            "The replacement has no traffic any more.",
            lambda: self._way_back.block_replacement(plan, ready),
        )
        floor = plan.minimum_healthy
        rollout = await self._walks.walk(walk_through(plan, ready, minimum_healthy=floor), REROUTE)
        succeeded = set(rollout.succeeded)
        return self._enough(plan, tuple(name for name in ready if name in succeeded))

    async def _block_original(self, plan: Plan, blue: tuple[str, ...]) -> None:
        """Take the traffic from the original, all at once."""
        self._undo.push(
            "The original has the traffic again.",
            lambda: self._way_back.allow_original(plan, blue),
            else_keeps=STILL_NEEDED,
        )
        rollout = await self._walks.walk(walk_at_once(plan, blue), BLOCK_ORIGINAL)
        if rollout.failures:
            first = rollout.failures[0]
            raise DeploymentFailure(
                ErrorCode.HEALTH_CONSTRAINTS,
                f"{len(rollout.failures)} of {len(blue)} original instances did not leave service. "
                f"First: {first.message}",
            )

    def _enough(self, plan: Plan, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the replacement instances that are left, if they are as many as must be.

        Those that have left the fleet cannot take over either, although they did not fail.
        """
        if len(names) >= max(1, plan.minimum_healthy):
            return names
        message = health_constraints_message(
            self._walks.failures,
            size=plan.size,
            minimum_healthy=plan.minimum_healthy,
            departed=sum(walk.departed for walk in self._walks.begun),
        )
        raise DeploymentFailure(ErrorCode.HEALTH_CONSTRAINTS, message)

    async def _leave(self, plan: Plan, end: FleetEnd) -> None:
        assert self._fleet is not None
        minutes = plan.termination_wait_minutes if end.terminates else 0
        fleet = end.model_copy(update={"copy_order": self._fleet.copy_order})
        await self._ending.leave(
            TerminationOrder(wait_minutes=minutes, fleet=fleet),
            summary=_summary_of_end(self._order, end),
        )
        self._say(_kept(end, minutes))

    # --- what it shows

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the batches, the replacement's counts, the failures and what was put back."""
        if self._plan is None:
            return {}
        wait = self._fleet.wait if self._fleet else None
        return (
            self._walks.face()
            | facts_of(self._plan)
            | ({"wait": wait} if wait else {})
            | {
                "deployment_overview": self._overview(self._plan.size, is_final=is_final),
                "deployment_status_messages": (*self._messages, *self._undo.done),
                "undo_problems": tuple(self._undo.problems),
                "instance_termination_wait_time_started": self._waits_for_end,
            }
        )

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with the fleet that serves now, and what is left to do."""
        if outcome.status is not DeploymentStatus.SUCCEEDED or self._fleet is None:
            return outcome
        failed = tuple(failure.target_id for failure in self._walks.failures)
        return outcome.model_copy(
            update={
                "succeeded": tuple(self._walks.begun[1].succeeded),
                "failed": failed,
                "termination": self._ending.termination,
                "fleet": self._fleet.serving,
            }
        )

    @property
    def _waits_for_end(self) -> bool:
        handover = self._plan.handover if self._plan else None
        return self._ending.termination is not None and bool(handover and handover.terminates)

    def _overview(self, size: int, *, is_final: bool) -> DeploymentOverview:
        """Return the replacement instances by status: `Ready` are those that await traffic."""
        install, reroute, *_ = (*self._walks.begun, None, None)
        walks = [walk for walk in (install, reroute) if walk is not None]
        failed = sum(len(walk.failures) for walk in walks)
        departed = sum(walk.departed for walk in walks)
        succeeded = len(reroute.succeeded) if reroute else 0
        in_progress = walks[-1].in_progress if walks else 0
        installed = len(install.succeeded) if install else 0
        late = len(reroute.failures) + reroute.departed + in_progress if reroute else 0
        ready = installed - succeeded - late
        rest = size - failed - departed - succeeded - in_progress - ready
        return DeploymentOverview(
            pending=0 if is_final else rest,
            in_progress=in_progress,
            succeeded=succeeded,
            failed=failed,
            skipped=departed + (rest if is_final else 0),
            ready=ready,
        )

    def _say(self, message: str) -> None:
        self._messages.append(message)
        self._tools.changed()


def _summary_of_end(order: DeploymentOrder, end: FleetEnd) -> str:
    verb = "Terminate" if end.terminates else "Let go of"
    return f"{verb} the original instances of {order.group.full_name}"


def _kept(end: FleetEnd, minutes: int) -> str:
    count = len(end.instances.names)
    if not end.terminates:
        return f"The {count} original instances are kept, without traffic."
    when = f"in {minutes} min" if minutes else "now"
    return f"The {count} original instances are terminated {when}."
