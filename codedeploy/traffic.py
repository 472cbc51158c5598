"""Traffic shifts: the schedule that a traffic routing means.

Source: CodeDeploy User Guide, Deployment configurations on an AWS Lambda compute platform.
"""

from datetime import datetime, timedelta

from codedeploy.configs import (
    TimeBasedCanary,
    TimeBasedLinear,
    TrafficRoutingConfig,
    TrafficRoutingType,
)
from codedeploy.errors import InvalidTrafficRoutingConfiguration
from codedeploy.wire import Model

_WHOLE = 100
_AT_ONCE = timedelta(0)


class Shift(Model):
    """One step of traffic towards the new version.

    Attributes:
        percent: Of all traffic, what the new version gets from this shift on.
        wait: How long after the previous shift this one comes.
    """

    percent: int
    wait: timedelta = _AT_ONCE


class TrafficMove(Model):
    """Traffic that was moved, or put back."""

    time: datetime
    percent: int


class TrafficProgress(Model):
    """How far the traffic of a deployment has moved along its schedule.

    Attributes:
        moves: What was done, in order: `percent` of the traffic from then on.
        next_at: When the next shift is due; None if none is waited for.
    """

    schedule: tuple[Shift, ...]
    moves: tuple[TrafficMove, ...] = ()
    next_at: datetime | None = None

    @property
    def percent(self) -> int:
        """What the replacement gets now."""
        return self.moves[-1].percent if self.moves else 0

    @property
    def ahead(self) -> tuple[Shift, ...]:
        """The shifts to come."""
        return tuple(shift for shift in self.schedule if shift.percent > self.percent)


def schedule(routing: TrafficRoutingConfig) -> tuple[Shift, ...]:
    """Return the shifts of `routing`, in order; the last one reaches 100 percent.

    A linear percentage that does not divide 100 leaves a smaller last shift.

    Raises:
        InvalidTrafficRoutingConfiguration: The member that the type names is missing, or its
            percentage is no part of the traffic.
    """
    match routing:
        case TrafficRoutingConfig(type=TrafficRoutingType.ALL_AT_ONCE):
            return (Shift(percent=_WHOLE),)
        case TrafficRoutingConfig(
            type=TrafficRoutingType.TIME_BASED_CANARY, time_based_canary=TimeBasedCanary() as canary
        ):
            return _canary(canary)
        case TrafficRoutingConfig(
            type=TrafficRoutingType.TIME_BASED_LINEAR, time_based_linear=TimeBasedLinear() as linear
        ):
            return _linear(linear)
    raise InvalidTrafficRoutingConfiguration(
        f"trafficRoutingConfig of type {routing.type} lacks the percentage and interval of its type"
    )


def _canary(canary: TimeBasedCanary) -> tuple[Shift, ...]:
    _check_percent(canary.canary_percentage)
    return (
        Shift(percent=canary.canary_percentage),
        Shift(percent=_WHOLE, wait=timedelta(minutes=canary.canary_interval)),
    )


def _linear(linear: TimeBasedLinear) -> tuple[Shift, ...]:
    _check_percent(linear.linear_percentage)
    interval = timedelta(minutes=linear.linear_interval)
    return tuple(
        Shift(
            percent=min(_WHOLE, linear.linear_percentage * number),
            wait=_AT_ONCE if number == 1 else interval,
        )
        for number in range(1, linear.shift_count + 1)
    )


def _check_percent(percent: int) -> None:
    if not 0 < percent < _WHOLE:
        raise InvalidTrafficRoutingConfiguration(
            f"a shift moves 1 to 99 percent of the traffic, found {percent}"
        )
