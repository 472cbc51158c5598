from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.configs import (
    PREDEFINED,
    TimeBasedCanary,
    TimeBasedLinear,
    TrafficRoutingConfig,
    TrafficRoutingType,
)
from codedeploy.errors import InvalidTrafficRoutingConfiguration
from codedeploy.traffic import TrafficMove, TrafficProgress, schedule

PERCENT = st.integers(1, 99)
MINUTES = st.integers(1, 2880)


def canary(percent: int, minutes: int) -> TrafficRoutingConfig:
    return TrafficRoutingConfig(
        type=TrafficRoutingType.TIME_BASED_CANARY,
        time_based_canary=TimeBasedCanary(canary_percentage=percent, canary_interval=minutes),
    )


def linear(percent: int, minutes: int) -> TrafficRoutingConfig:
    return TrafficRoutingConfig(
        type=TrafficRoutingType.TIME_BASED_LINEAR,
        time_based_linear=TimeBasedLinear(linear_percentage=percent, linear_interval=minutes),
    )


def as_minutes(routing: TrafficRoutingConfig) -> list[tuple[int, int]]:
    return [(shift.percent, shift.wait // timedelta(minutes=1)) for shift in schedule(routing)]


AT_ONCE = TrafficRoutingConfig(type=TrafficRoutingType.ALL_AT_ONCE)
SCHEDULES = {
    "all at once": (AT_ONCE, [(100, 0)]),
    "canary": (canary(10, 5), [(10, 0), (100, 5)]),
    "linear": (linear(25, 3), [(25, 0), (50, 3), (75, 3), (100, 3)]),
    "linear with a remainder": (linear(30, 2), [(30, 0), (60, 2), (90, 2), (100, 2)]),
    "linear with a large step": (linear(99, 1), [(99, 0), (100, 1)]),
}


@pytest.mark.parametrize(("routing", "expected"), SCHEDULES.values(), ids=SCHEDULES)
def test_a_routing_means_a_schedule(
    routing: TrafficRoutingConfig, expected: list[tuple[int, int]]
) -> None:
    assert as_minutes(routing) == expected


def test_ten_percent_every_minute_is_ten_shifts_in_nine_minutes() -> None:
    routing = PREDEFINED["CodeDeployDefault.LambdaLinear10PercentEvery1Minute"]
    assert routing.traffic_routing_config is not None

    shifts = schedule(routing.traffic_routing_config)

    assert len(shifts) == 10
    assert sum((shift.wait for shift in shifts), timedelta()) == timedelta(minutes=9)


@given(st.builds(canary, PERCENT, MINUTES) | st.builds(linear, PERCENT, MINUTES))
def test_shifts_never_go_back_and_end_at_100(routing: TrafficRoutingConfig) -> None:
    percents = [0, *(shift.percent for shift in schedule(routing))]

    assert all(earlier < later for earlier, later in pairwise(percents))
    assert percents[-1] == 100


@given(PERCENT, MINUTES)
def test_a_linear_step_is_never_larger_than_asked_for(percent: int, minutes: int) -> None:
    percents = [0, *(shift.percent for shift in schedule(linear(percent, minutes)))]

    assert max(later - earlier for earlier, later in pairwise(percents)) == percent


@given(PERCENT, MINUTES)
def test_a_linear_schedule_waits_its_interval_between_all_its_shifts(
    percent: int, minutes: int
) -> None:
    first, *others = (shift.wait for shift in schedule(linear(percent, minutes)))

    assert first == timedelta(0)
    assert others == [timedelta(minutes=minutes)] * (ceil(100 / percent) - 1)


@given(PERCENT, MINUTES)
def test_a_canary_waits_once(percent: int, minutes: int) -> None:
    first, second = schedule(canary(percent, minutes))

    assert (first.wait, second.wait) == (timedelta(0), timedelta(minutes=minutes))


STARTED = datetime(2026, 11, 24, tzinfo=UTC)


def progress(*percents: int) -> TrafficProgress:
    done = tuple(TrafficMove(time=STARTED, percent=percent) for percent in percents)
    return TrafficProgress(schedule=schedule(linear(25, 3)), moves=done)


@pytest.mark.parametrize(
    ("done", "percent", "ahead"),
    [
        (progress(), 0, [25, 50, 75, 100]),
        (progress(25, 50), 50, [75, 100]),
        (progress(25, 50, 75, 100), 100, []),
        (progress(25, 0), 0, [25, 50, 75, 100]),
    ],
    ids=["before", "midway", "done", "put back"],
)
def test_progress_knows_where_traffic_is_and_what_is_ahead(
    done: TrafficProgress, percent: int, ahead: list[int]
) -> None:
    assert done.percent == percent
    assert [shift.percent for shift in done.ahead] == ahead


NONSENSE = {
    "no canary": TrafficRoutingConfig(type=TrafficRoutingType.TIME_BASED_CANARY),
    "no linear": TrafficRoutingConfig(type=TrafficRoutingType.TIME_BASED_LINEAR),
    "no traffic": linear(0, 1),
    "backwards": linear(-10, 1),
    "canary of everything": canary(100, 1),
}


@pytest.mark.parametrize("routing", NONSENSE.values(), ids=NONSENSE)
def test_refuses_a_routing_without_a_schedule(routing: TrafficRoutingConfig) -> None:
    with pytest.raises(InvalidTrafficRoutingConfiguration):
        schedule(routing)
