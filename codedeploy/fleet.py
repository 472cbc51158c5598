"""Pacing: how many instances may leave service at once, and when to stop trying.

With N instances, a floor of M that must stay in service, and F failed so far:

* at most N - M - F instances are in progress at once, so that the deployment itself never takes
  the fleet below its floor (fewer, if others are out of service and stay so);
* when N - F <= M and instances are left untried, nothing more is started and the deployment fails;
* it succeeds with at least max(1, M) successes.

Source: CodeDeploy User Guide, Instance health and minimum healthy instances.
"""

from math import ceil

from codedeploy.configs import MinimumHealthyHosts, MinimumHealthyHostsType
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.wire import Model

BATCH_LIMIT = 50
"""Most instances a batch holds: its history stays under the server's suggested 4,096 events."""

MOST_BATCHES = 200
"""Large fleets get larger batches, so that a deployment never has many more than these."""

MOST_INSTANCES = 10_000


class Fleet(Model):
    """Instances that share a floor, counted by where they stand.

    Attributes:
        size: Instances that count towards the floor (N).
        minimum_healthy: Instances that must stay in service (M).
        missing: Instances of the fleet that are out of service and that nothing is done about (a
            rollback touches a part of the fleet only).
    """

    size: int
    minimum_healthy: int
    missing: int = 0
    in_progress: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def window(self) -> int:
        """How many instances may be out of service at once while none has failed."""
        return self.size - self.minimum_healthy - self.missing

    @property
    def spare(self) -> int:
        """How many more instances may leave service now."""
        return max(0, self.window - self.failed - self.in_progress)

    @property
    def can_spare_one(self) -> bool:
        """Whether one more instance may leave service without breaching the floor."""
        return self.spare > 0

    @property
    def is_exhausted(self) -> bool:
        """Whether the failures so far forbid starting another instance."""
        return self.window - self.failed <= 0

    @property
    def is_success(self) -> bool:
        """Whether one instance ended well, and no more failed than the floor allows."""
        return self.succeeded > 0 and self.size - self.failed >= self.minimum_healthy

    def plus(self, *, in_progress: int = 0, succeeded: int = 0, failed: int = 0) -> "Fleet":
        """Return the fleet with its counts changed by so many."""
        return self.model_copy(
            update={
                "in_progress": self.in_progress + in_progress,
                "succeeded": self.succeeded + succeeded,
                "failed": self.failed + failed,
            }
        )


class Floor(Model):
    """The computed floor of a fleet, with the arithmetic spelled out for people."""

    minimum_healthy: int
    arithmetic: str


def floor_of(minimum: MinimumHealthyHosts, size: int) -> Floor:
    """Return the floor that `minimum` means for a fleet of `size` instances.

    Raises:
        DeploymentFailure: HEALTH_CONSTRAINTS_INVALID, the floor leaves no instance to deploy to.
    """
    floor = _computed_floor(minimum, size)
    if floor.minimum_healthy >= size > 0:
        raise DeploymentFailure(
            ErrorCode.HEALTH_CONSTRAINTS_INVALID,
            f"{floor.arithmetic} of {size}, so no instance could ever be taken out of service. "
            "Lower minimumHealthyHosts or add instances.",
        )
    return floor


def _computed_floor(minimum: MinimumHealthyHosts, size: int) -> Floor:
    match minimum.type:
        case MinimumHealthyHostsType.HOST_COUNT:
            return Floor(
                minimum_healthy=minimum.value, arithmetic=f"HOST_COUNT {minimum.value} must stay"
            )
        case MinimumHealthyHostsType.FLEET_PERCENT:
            count = ceil(minimum.value * size / 100)
            return Floor(
                minimum_healthy=count,
                arithmetic=f"ceil({minimum.value}% of {size}) = {count} must stay",
            )
        case MinimumHealthyHostsType.MOST_CONCURRENCY:
            count = max(0, size - minimum.value)
            return Floor(
                minimum_healthy=count,
                arithmetic=f"max(0, {size} - {minimum.value}) = {count} must stay",
            )


def batch_size(window: int, size: int) -> int:
    """Return how many instances one batch holds.

    A batch is what the window admits at once, at most `BATCH_LIMIT`. Fleets over `MOST_BATCHES`
    instances get larger batches that slide their window inside.
    """
    return min(BATCH_LIMIT, max(window, ceil(size / MOST_BATCHES)))


def in_batches(targets: tuple[str, ...], size: int) -> tuple[tuple[str, ...], ...]:
    """Return `targets` in order, cut into batches of `size`."""
    return tuple(targets[start : start + size] for start in range(0, len(targets), size))
