"""The way back of a blue/green deployment of servers: each fleet has the traffic that it had."""

from collections.abc import Callable
from typing import NamedTuple

from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.failures import named
from codedeploy.plan import Plan, walk_at_once
from codedeploy.stage import ALLOW_ORIGINAL, BLOCK_REPLACEMENT, Stage
from workflows.orders import DeploymentOrder
from workflows.traffic_desk import unmoved
from workflows.undo import Undo
from workflows.walks import Walks


class _Moved(NamedTuple):
    """Whose traffic moved, and why that of others did not."""

    names: tuple[str, ...]
    left: dict[str, str]

    @property
    def complaint(self) -> str:
        return "; ".join(f"{name}: {why}" for name, why in self.left.items())


class WayBack:
    """Moves traffic back, also that of instances on which a script does not succeed.

    Args:
        order: The deployment that is undone.
        walks: Go through the fleets.
        undo: Is told who is left behind although the rest is put back.
        say: Tells people what no event tells.
    """

    def __init__(
        self, order: DeploymentOrder, walks: Walks, undo: Undo, *, say: Callable[[str], None]
    ) -> None:
        self._order = order
        self._walks = walks
        self._undo = undo
        self._say = say

    async def allow_original(self, plan: Plan, blue: tuple[str, ...]) -> None:
        """Let the original have the traffic again.

        Raises:
            DeploymentFailure: HEALTH_CONSTRAINTS, fewer instances have it than the floor asks for,
                so that the replacement cannot be spared.
        """
        moved = await self._moved(plan, ALLOW_ORIGINAL, blue)
        needed = max(1, min(plan.minimum_healthy, len(blue)))
        if len(moved.names) < needed:
            raise DeploymentFailure(
                ErrorCode.HEALTH_CONSTRAINTS,
                f"{len(moved.names)} of {len(blue)} original instances have it, and at least "
                f"{needed} must. {moved.complaint}",
            )
        for name, why in moved.left.items():
            self._undo.leave_behind(f"{name} has no traffic again: {why} Bring it back by hand.")

    async def block_replacement(self, plan: Plan, green: tuple[str, ...]) -> None:
        """Take the traffic from the replacement.

        Raises:
            DeploymentFailure: ELASTIC_LOAD_BALANCING_INVALID, some of it still has some.
        """
        moved = await self._moved(plan, BLOCK_REPLACEMENT, green)
        if moved.left:
            raise DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, moved.complaint)

    async def _moved(self, plan: Plan, stage: Stage, targets: tuple[str, ...]) -> _Moved:
        """Walk through a stage; move the traffic of those that failed without their scripts."""
        rollout = await self._walks.walk(walk_at_once(plan, targets), stage)
        failed = tuple(failure.target_id for failure in rollout.failures)
        if not failed:
            return _Moved(tuple(rollout.succeeded), {})
        left = await unmoved(self._order, stage.traffic_event, failed)
        moved = tuple(name for name in failed if name not in left)
        if moved:
            self._say(f"{stage.name}: {named(moved)} failed; the traffic was moved all the same.")
        return _Moved((*rollout.succeeded, *moved), left)
