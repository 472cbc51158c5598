"""Who is registered in a target group, and how each target stands at a given time.

Nothing here knows moto, a clock or a network: every method is given the time.

Source: Elastic Load Balancing API Reference, TargetHealth; Application Load Balancer guide,
"Target health status" and "Deregistration delay".
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

HEALTH_TAG = "emulator:health"
"""The tag of a target group that says how its health checks are made; timed if it is not there."""

HEARD_TAG = "emulator:heard-until"
"""The tag of a target group by which a load balancer that is real says how far behind it is.

It has heard of everything that was so until then, by the machine's monotonic clock.
"""


class Checks(StrEnum):
    """How the health checks of a target group are made."""

    TIMED = "timed"
    """Always good."""

    UNHEALTHY = "unhealthy"
    """Always bad."""

    PROBED = "probed"
    """Really: an HTTP request to the target's address, each time its health is asked for."""


class Target(NamedTuple):
    """What a target group knows a target by: one instance may be there on several ports."""

    id: str
    port: int


class Health(NamedTuple):
    """A state of a target, as DescribeTargetHealth tells it."""

    state: str
    reason: str | None = None
    description: str | None = None


HEALTHY = Health("healthy")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
FAILED = Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
TIMED_OUT = Health("unhealthy", "Target.Timeout", "Request timed out")
DRAINING = Health(
    "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
)
NOT_REGISTERED = Health(
    "unused", "Target.NotRegistered", "Target is not registered to the target group"
)
NOT_IN_USE = Health(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")


def answered(status: int) -> Health:
    """Return the health of a target that answers a check with a status it should not."""
    said = f"Health checks failed with these codes: [{status}]"
    return Health("unhealthy", "Target.ResponseCodeMismatch", said)


@dataclass
class _Registration:
    """Times of one target: no time means not yet."""

    checked_since: float | None = None
    left_at: float | None = None
    gone_at: float | None = None

    def has_drained(self, now: float, heard_until: float) -> bool:
        """Whether it is over for a target that leaves."""
        has_heard = self.left_at is None or self.left_at <= heard_until
        return self.gone_at is not None and self.gone_at <= now and has_heard


class Registrations:
    """The targets of one target group, those on their way out included."""

    def __init__(self) -> None:
        self._of: dict[Target, _Registration] = {}

    def add(self, target: Target) -> None:
        """Register a target; one that is draining is taken back, one that is there stays."""
        known = self._of.get(target)
        if known is None or known.gone_at is not None:
            self._of[target] = _Registration()

    def remove(self, target: Target, *, gone_at: float, left_at: float | None = None) -> None:
        """Let a target drain until then; one that drains or is not there is left alone.

        Args:
            left_at: It drains until the load balancer has heard of what was so then, at least.
        """
        known = self._of.get(target)
        if known is not None and known.gone_at is None:
            known.left_at, known.gone_at = left_at, gone_at

    def look(self, now: float, *, in_use: bool, heard_until: float = math.inf) -> None:
        """Take note of the time: checks begin when the group is in use, and what has drained goes.

        The states are only as fresh as the last look.
        """
        for target, registration in list(self._of.items()):
            if registration.has_drained(now, heard_until):
                self._of.pop(target, None)
            elif not in_use:
                registration.checked_since = None
            elif registration.checked_since is None:
                registration.checked_since = now

    def targets(self) -> list[Target]:
        """Return the targets that are registered or draining, in the order of registration."""
        return list(self._of)

    def named(self, identifier: str) -> list[Target]:
        """Return the registrations of one instance or address, on whatever ports."""
        return [target for target in list(self._of) if target.id == identifier]

    def health_before_checks(self, target: Target, *, checks_before: float) -> Health | None:
        """Return what is known of a target without asking it; none if its checks decide.

        Args:
            checks_before: A target whose checks began after this is still registering.
        """
        registration = self._of.get(target)
        if registration is None:
            return NOT_REGISTERED
        if registration.gone_at is not None:
            return DRAINING
        if registration.checked_since is None:
            return NOT_IN_USE
        return REGISTERING if registration.checked_since > checks_before else None
