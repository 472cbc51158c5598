"""Kinds of deployments that move traffic, and how each may end."""

from enum import StrEnum
from typing import NamedTuple

from codedeploy.application import ComputePlatform
from codedeploy.deployment import DeploymentInfo, DeploymentStatus
from tests.traffic_scenario import event_statuses


class End(StrEnum):
    """How a deployment ends: its last hook fails, or its canary is stopped, or it succeeds."""

    FAILS = "fails"
    STOPPED = "is-stopped"
    SUCCEEDS = "succeeds"


class Story(NamedTuple):
    """A kind of deployment.

    Attributes:
        follows: It finds the original task set of the deployment before, and has to end it first.
    """

    platform: ComputePlatform
    end: End
    follows: bool = False

    def __str__(self) -> str:
        return f"{self.platform.lower()}-{'follows-and-' if self.follows else ''}{self.end}"

    @property
    def status(self) -> DeploymentStatus:
        """What its deployment says in the end."""
        return _STATUS[self.end]

    @property
    def succeeds(self) -> bool:
        """Whether its deployment succeeds."""
        return self.end is End.SUCCEEDS


_STATUS = {
    End.FAILS: DeploymentStatus.FAILED,
    End.STOPPED: DeploymentStatus.STOPPED,
    End.SUCCEEDS: DeploymentStatus.SUCCEEDED,
}

STORIES = tuple(
    Story(platform, end)
    for platform in (ComputePlatform.ECS, ComputePlatform.LAMBDA)
    for end in End
)
"""The longest first."""

FOLLOWING = Story(ComputePlatform.ECS, End.SUCCEEDS, follows=True)


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
