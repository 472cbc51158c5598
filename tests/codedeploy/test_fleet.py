from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.configs import PREDEFINED, MinimumHealthyHosts
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.fleet import (
    BATCH_LIMIT,
    MOST_BATCHES,
    MOST_INSTANCES,
    Fleet,
    batch_size,
    floor_of,
    in_batches,
)
from tests.codedeploy.fleets import floor

SIZES = [1, 2, 49, 50, 51, 199, 200, 201, 250, 1_000, 9_999, 10_000]


def named(name: str) -> MinimumHealthyHosts:
    minimum = PREDEFINED[f"CodeDeployDefault.{name}"].minimum_healthy_hosts
    assert minimum is not None
    return minimum


FLOORS = {
    "OneAtATime of 9": (named("OneAtATime"), 9, 8, "max(0, 9 - 1) = 8 must stay"),
    "OneAtATime of 1": (named("OneAtATime"), 1, 0, "max(0, 1 - 1) = 0 must stay"),
    "HalfAtATime of 9": (named("HalfAtATime"), 9, 5, "ceil(50% of 9) = 5 must stay"),
    "HalfAtATime of 10": (named("HalfAtATime"), 10, 5, "ceil(50% of 10) = 5 must stay"),
    "AllAtOnce of 9": (named("AllAtOnce"), 9, 0, "ceil(0% of 9) = 0 must stay"),
    "AllAtOnce of 1": (named("AllAtOnce"), 1, 0, "ceil(0% of 1) = 0 must stay"),
    "HOST_COUNT 6 of 9": (floor("HOST_COUNT", 6), 9, 6, "HOST_COUNT 6 must stay"),
    "FLEET_PERCENT 40 of 9": (floor("FLEET_PERCENT", 40), 9, 4, "ceil(40% of 9) = 4 must stay"),
    "FLEET_PERCENT 85 of 10": (floor("FLEET_PERCENT", 85), 10, 9, "ceil(85% of 10) = 9 must stay"),
    "FLEET_PERCENT 7 of 100": (floor("FLEET_PERCENT", 7), 100, 7, "ceil(7% of 100) = 7 must stay"),
}


@pytest.mark.parametrize(("minimum", "size", "count", "arithmetic"), FLOORS.values(), ids=FLOORS)
def test_a_floor_and_its_arithmetic(
    minimum: MinimumHealthyHosts, size: int, count: int, arithmetic: str
) -> None:
    computed = floor_of(minimum, size)

    assert (computed.minimum_healthy, computed.arithmetic) == (count, arithmetic)


NO_WINDOW = {
    "95 percent of 10": (floor("FLEET_PERCENT", 95), 10),
    "1 percent of 1": (floor("FLEET_PERCENT", 1), 1),
    "half of 1": (named("HalfAtATime"), 1),
    "HOST_COUNT 1 of 1": (floor("HOST_COUNT", 1), 1),
    "HOST_COUNT 11 of 10": (floor("HOST_COUNT", 11), 10),
}


@pytest.mark.parametrize(("minimum", "size"), NO_WINDOW.values(), ids=NO_WINDOW)
def test_a_floor_that_leaves_no_window_is_invalid(minimum: MinimumHealthyHosts, size: int) -> None:
    with pytest.raises(DeploymentFailure) as failure:
        floor_of(minimum, size)

    assert failure.value.error_code is ErrorCode.HEALTH_CONSTRAINTS_INVALID


def test_an_invalid_floor_says_its_arithmetic_and_the_way_out() -> None:
    with pytest.raises(DeploymentFailure) as failure:
        floor_of(floor("FLEET_PERCENT", 95), 10)

    assert failure.value.message == (
        "ceil(95% of 10) = 10 must stay of 10, so no instance could ever be taken out of service. "
        "Lower minimumHealthyHosts or add instances."
    )


@given(percent=st.integers(0, 99), size=st.integers(1, MOST_INSTANCES))
def test_a_percentage_is_the_smallest_count_that_is_not_below_it(percent: int, size: int) -> None:
    try:
        count = floor_of(floor("FLEET_PERCENT", percent), size).minimum_healthy
    except DeploymentFailure:
        assert (size - 1) * 100 < percent * size
        return

    assert (count - 1) * 100 < percent * size <= count * 100


@given(
    size=st.integers(1, 50),
    minimum=st.integers(0, 50),
    missing=st.integers(0, 10),
    in_progress=st.integers(0, 50),
    failed=st.integers(0, 50),
)
def test_one_can_be_spared_only_if_the_floor_holds_without_it(
    size: int, minimum: int, missing: int, in_progress: int, failed: int
) -> None:
    fleet = Fleet(size=size, minimum_healthy=minimum, missing=missing)

    fleet = fleet.plus(in_progress=in_progress, failed=failed)

    assert fleet.can_spare_one == (size - missing - in_progress - failed - 1 >= minimum)


VERDICTS = {
    "all of them": (Fleet(size=9, minimum_healthy=8, succeeded=9), True),
    "as many as the floor": (Fleet(size=9, minimum_healthy=8, succeeded=8, failed=1), True),
    "one below the floor": (Fleet(size=9, minimum_healthy=8, succeeded=7, failed=2), False),
    "one with no floor": (Fleet(size=9, minimum_healthy=0, succeeded=1, failed=8), True),
    "none with no floor": (Fleet(size=9, minimum_healthy=0, failed=9), False),
    "a rollback of two of nine": (Fleet(size=9, minimum_healthy=8, succeeded=1, failed=1), True),
}


@pytest.mark.parametrize(("fleet", "is_success"), VERDICTS.values(), ids=VERDICTS)
def test_success_needs_the_floor_and_at_least_one(fleet: Fleet, is_success: bool) -> None:
    assert fleet.is_success == is_success


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "window_of", [lambda n: 1, lambda n: n // 2, lambda n: n], ids=["one", "half", "all"]
)
def test_no_fleet_makes_more_batches_than_the_most(
    size: int, window_of: Callable[[int], int]
) -> None:
    per_batch = batch_size(max(1, window_of(size)), size)

    assert per_batch <= BATCH_LIMIT
    assert -(-size // per_batch) <= MOST_BATCHES


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_is_as_large_as_the_window_if_that_is_not_too_many_batches(size: int) -> None:
    window = min(BATCH_LIMIT, -(-size // 4))

    assert batch_size(window, size) == window


@given(size=st.integers(1, MOST_INSTANCES), per_batch=st.integers(1, BATCH_LIMIT))
def test_batches_hold_every_target_once_and_in_order(size: int, per_batch: int) -> None:
    targets = tuple(map(str, range(size)))

    batches = in_batches(targets, per_batch)

    assert tuple(target for batch in batches for target in batch) == targets
    assert {len(batch) for batch in batches[:-1]} <= {per_batch}
