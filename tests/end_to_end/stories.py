"""Kinds of deployments that move traffic, and how each may end."""

from typing import NamedTuple

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo
from tests.traffic_scenario import event_statuses


class Story(NamedTuple):
    """A kind of deployment.

    Attributes:
        succeeds: If not, the hook after the last shift makes it fail.
        follows: It finds the original task set of the deployment before, and has to end it first.
    """

    platform: ComputePlatform
    succeeds: bool
    follows: bool = False

    def __str__(self) -> str:
        end = "succeeds" if self.succeeds else "fails"
        return f"{self.platform.lower()}-{'follows-and-' if self.follows else ''}{end}"


STORIES = tuple(
    Story(platform, succeeds)
    for platform in (ComputePlatform.ECS, ComputePlatform.LAMBDA)
    for succeeds in (False, True)
)
"""The longest first."""

FOLLOWING = Story(ComputePlatform.ECS, succeeds=True, follows=True)


class Outcome(NamedTuple):
    """How a deployment ended, without times and ids.

    Attributes:
        events: The lifecycle events of its target, and how each ended.
        moves: What the replacement got of the traffic, in percent, one after the other.
        messages: How many it had for people.
        left_behind: What could not be put back.
    """

    status: str
    error: str
    events: tuple[tuple[str, str], ...]
    moves: tuple[int, ...]
    messages: int
    left_behind: tuple[str, ...]


def outcome_of(info: DeploymentInfo) -> Outcome:
    """Return what must be the same of two twins."""
    error = info.error_information
    return Outcome(
        status=info.status.value,
        error=f"{error.code}: {error.message}" if error else "",
        events=tuple(event_statuses(info).items()) if info.target else (),
        moves=tuple(move.percent for move in info.traffic.moves) if info.traffic else (),
        messages=len(info.deployment_status_messages),
        left_behind=info.undo_problems,
    )
