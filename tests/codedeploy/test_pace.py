"""Pacing, walked on simulated fleets: see `tests.codedeploy.simulation` for what is asserted."""

from typing import NamedTuple

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from codedeploy.configs import PREDEFINED, DeploymentConfig, MinimumHealthyHosts, ZonalConfig
from codedeploy.errors import DeploymentFailure
from codedeploy.instances import InstanceHealth
from codedeploy.pace import MOST_OPEN_BATCHES, Pace
from codedeploy.plan import Plan
from codedeploy.rollback import bystanders
from codedeploy.waves import Known
from tests.codedeploy.fleets import (
    CURRENT,
    OLD,
    UNHEALTHY,
    UNKNOWN,
    all_healthy,
    config,
    floor,
    host,
    hosts,
    known,
    plan,
    rollback_of,
)
from tests.codedeploy.simulation import GREEDY, Simulation, outcomes


class Draw(NamedTuple):
    """A deployment and its luck, as Hypothesis draws it."""

    plan: Plan
    remembered: Known
    failing: set[str]
    zones: dict[str, str]
    schedule: list[int]

    def walk(self) -> Simulation:
        in_service = filter(self.remembered.in_service, self.plan.targets)
        return Simulation(
            self.plan, in_service=set(in_service), failing=self.failing, zones=self.zones
        )


FLOORS = st.one_of(
    st.builds(floor, st.just("HOST_COUNT"), st.integers(0, 12)),
    st.builds(floor, st.just("FLEET_PERCENT"), st.integers(0, 99)),
    st.just(floor("MOST_CONCURRENCY", 1)),
)
ZONE_FLOORS = st.one_of(
    st.none(),
    st.builds(floor, st.just("HOST_COUNT"), st.integers(0, 3)),
    st.builds(floor, st.just("FLEET_PERCENT"), st.integers(0, 99)),
)
ZONAL = st.builds(
    ZonalConfig, minimum_healthy_hosts_per_zone=ZONE_FLOORS, monitor_duration_in_seconds=st.just(60)
)
HEALTH = st.sampled_from([None, UNHEALTHY, UNKNOWN, OLD, CURRENT])
SCHEDULES = st.lists(st.integers(0, 60), min_size=1, max_size=40)


@st.composite
def deployments(
    draw: st.DrawFn,
    *,
    sizes: st.SearchStrategy[int],
    zonal: st.SearchStrategy[ZonalConfig | None],
    floors: st.SearchStrategy[MinimumHealthyHosts] = FLOORS,
    health: st.SearchStrategy[InstanceHealth | None] = HEALTH,
) -> Draw:
    size = draw(sizes)
    luck = draw(st.lists(st.tuples(health, st.booleans()), min_size=1, max_size=size))
    members = hosts(size, zones=draw(st.sampled_from(["a", "ab", "abb", "abc"])))
    remembered, failing = {}, set()
    for index, member in enumerate(members):
        state, fails = luck[index % len(luck)]
        if state is not None:
            remembered[member.name] = state
        if fails:
            failing.add(member.name)
    try:
        made = plan(members, config(draw(floors), draw(zonal)), known(remembered))
    except DeploymentFailure:
        reject()
    zones = {member.name: member.zone for member in members}
    return Draw(made, known(remembered), failing, zones, draw(SCHEDULES))


SMALL = deployments(sizes=st.integers(1, 12), zonal=st.none() | ZONAL)


@settings(max_examples=300, deadline=None)
@given(SMALL)
def test_the_floor_holds_and_nothing_runs_twice_whatever_fails_in_whatever_order(
    drawn: Draw,
) -> None:
    drawn.walk().run(drawn.schedule).check_end()


LARGE = deployments(
    sizes=st.integers(101, 260),
    zonal=st.none() | ZONAL,
    floors=st.builds(floor, st.just("FLEET_PERCENT"), st.integers(0, 70)),
)


@settings(max_examples=25, deadline=None)
@given(LARGE)
def test_the_floor_holds_with_several_batches_open(drawn: Draw) -> None:
    drawn.walk().run(drawn.schedule).check_end()


@settings(max_examples=150, deadline=None)
@given(SMALL, st.integers(0, 40), st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_a_rollback_keeps_the_floor_too(
    drawn: Draw, stopped_after: int, untouched: set[int], failing_again: set[int]
) -> None:
    forward = drawn.walk().run(drawn.schedule, most_moves=stopped_after).stop()
    touched = {
        name: is_serving
        for index, (name, is_serving) in enumerate(forward.touched.items())
        if is_serving or index not in untouched
    }
    others = bystanders(drawn.plan, drawn.remembered, touched=touched)
    never_reached = {name for name in forward.failed if name not in touched}
    still_serving = {name for name in never_reached if drawn.remembered.in_service(name)}
    back = rollback_of(drawn.plan, touched, bystanders=others)
    failing = [name for index, name in enumerate(touched) if index in failing_again]

    walk = Simulation(back, in_service=forward.in_service | still_serving, failing=failing)
    walk.run(drawn.schedule).check_end()

    assert {*walk.attempts} <= {*touched}
    assert walk.attempts == sorted(walk.attempts, key=lambda name: (touched[name], name))


@settings(max_examples=100, deadline=None)
@given(SMALL)
def test_one_batch_at_a_time_tries_the_targets_in_the_order_of_the_plan(drawn: Draw) -> None:
    walk = drawn.walk().run(drawn.schedule)

    assert walk.attempts == list(drawn.plan.targets[: len(walk.attempts)])


@settings(max_examples=100, deadline=None)
@given(SMALL)
def test_without_failures_every_target_is_deployed_to(drawn: Draw) -> None:
    walk = drawn._replace(failing=set()).walk().run(drawn.schedule)

    assert (walk.untried, walk.pace.is_success) == ([], True)


def predefined(name: str) -> DeploymentConfig:
    return PREDEFINED[f"CodeDeployDefault.{name}"]


def healthy_plan(size: int, chosen: DeploymentConfig) -> Plan:
    return plan(hosts(size), chosen, all_healthy(hosts(size)))


HOST_COUNT_8 = config(floor("HOST_COUNT", 8))
PERCENT_85 = config(floor("FLEET_PERCENT", 85))
FAILURES = {
    "AllAtOnce: one of 9 is enough": (9, predefined("AllAtOnce"), range(1, 9), True, 9),
    "AllAtOnce: none of 9": (9, predefined("AllAtOnce"), range(1, 10), False, 9),
    "HalfAtATime: the first 4 of 9 fail": (9, predefined("HalfAtATime"), range(1, 5), False, 4),
    "HalfAtATime: 4 of 9 to the last": (9, predefined("HalfAtATime"), (1, 2, 3, 9), True, 9),
    "OneAtATime: the first of 9": (9, predefined("OneAtATime"), (1,), False, 1),
    "OneAtATime: the eighth of 9": (9, predefined("OneAtATime"), (8,), False, 8),
    "OneAtATime: the last of 9": (9, predefined("OneAtATime"), (9,), True, 9),
    "OneAtATime: one host, which succeeds": (1, predefined("OneAtATime"), (), True, 1),
    "OneAtATime: one host, which fails": (1, predefined("OneAtATime"), (1,), False, 1),
    "HOST_COUNT 8 of 10: one failure": (10, HOST_COUNT_8, (3,), True, 10),
    "HOST_COUNT 8 of 10: a second one": (10, HOST_COUNT_8, (3, 6), False, 6),
    "HOST_COUNT 8 of 10: a second one, the last": (10, HOST_COUNT_8, (3, 10), True, 10),
    "85 % of 10: one failure": (10, PERCENT_85, (5,), False, 5),
    "85 % of 10: the last fails": (10, PERCENT_85, (10,), True, 10),
}


@pytest.mark.parametrize(
    ("size", "chosen", "failing", "is_success", "attempts"), FAILURES.values(), ids=FAILURES
)
def test_when_failures_end_a_deployment(
    size: int, chosen: DeploymentConfig, failing: range, is_success: bool, attempts: int
) -> None:
    walk = outcomes(healthy_plan(size, chosen), list(failing)).check_end()

    assert (walk.pace.is_success, len(walk.attempts)) == (is_success, attempts)


@pytest.mark.parametrize(
    ("size", "minimum", "most"),
    [(10, 9, 1), (10, 8, 2), (10, 3, 7), (10, 0, 10), (9, 6, 3), (300, 100, 200), (300, 0, 200)],
)
def test_no_more_than_the_window_is_out_of_service(size: int, minimum: int, most: int) -> None:
    made = healthy_plan(size, config(floor("HOST_COUNT", minimum)))
    walk = Simulation(made, in_service=made.targets, failing=())

    walk.run(GREEDY)

    assert walk.most_at_once == most


def test_a_zone_is_paced_by_the_smaller_of_both_windows() -> None:
    zonal = ZonalConfig(minimum_healthy_hosts_per_zone=floor("HOST_COUNT", 50))
    members = hosts(200, zones="ab")
    made = plan(members, config(floor("HOST_COUNT", 160), zonal), all_healthy(members))
    zones = {member.name: member.zone for member in members}

    walk = Simulation(made, in_service=made.targets, failing=(), zones=zones).run(GREEDY)

    assert walk.most_at_once == 40


def test_a_zone_out_of_service_is_mended_before_a_healthy_zone_is_touched() -> None:
    members = (host("a1", "a"), host("a2", "a"), host("b1", "b"), host("b2", "b"))
    remembered = known({"a1": OLD, "a2": OLD})
    made = plan(members, config(floor("HOST_COUNT", 2), ZonalConfig()), remembered)

    walk = Simulation(
        made, in_service=("a1", "a2"), failing=(), zones={one.name: one.zone for one in members}
    ).run()

    assert walk.check_end().attempts == ["b1", "b2", "a1", "a2"]


BAKING = ZonalConfig(first_zone_monitor_duration_in_seconds=600, monitor_duration_in_seconds=60)


def zonal_walk(*failing: str) -> Simulation:
    members = hosts(9, zones="abc")
    made = plan(members, config(floor("HOST_COUNT", 6), BAKING), all_healthy(members))
    zones = {member.name: member.zone for member in members}
    return Simulation(made, in_service=made.targets, failing=failing, zones=zones).run()


def test_every_zone_but_the_last_is_watched_for_a_while() -> None:
    assert zonal_walk().bakes == [("a", 600), ("b", 60)]


def test_a_deployment_that_must_stop_does_not_watch_the_zone_first() -> None:
    walk = zonal_walk("h00000", "h00003", "h00006")

    assert walk.bakes == []
    assert walk.check_end().pace.must_stop


def opened(chosen: Plan, *, one_by_one: bool = False) -> Pace:
    pace = Pace(chosen, one_by_one=one_by_one)
    pace.next_wave()
    while pace.can_start:
        pace.start()
    return pace


@pytest.mark.parametrize(
    ("size", "minimum", "shares"),
    [
        pytest.param(50, 0, [50], id="a window of one batch"),
        pytest.param(100, 49, [50, 1], id="one more than a batch"),
        pytest.param(1_000, 880, [50, 50, 20], id="the last share is the rest"),
        pytest.param(1_000, 0, [50] * MOST_OPEN_BATCHES, id="never more than the most"),
    ],
)
def test_open_batches_divide_the_window(size: int, minimum: int, shares: list[int]) -> None:
    pace = opened(healthy_plan(size, config(floor("HOST_COUNT", minimum))))

    assert [batch.share for batch in pace.open.values()] == shares


def test_somebody_who_wants_to_be_asked_sees_one_batch_at_a_time() -> None:
    pace = opened(healthy_plan(1_000, predefined("AllAtOnce")), one_by_one=True)

    assert len(pace.open) == 1


def test_hosts_that_a_batch_never_tried_take_their_old_places_again() -> None:
    pace = opened(healthy_plan(200, config(floor("HOST_COUNT", 100))))
    first, second = pace.open.values()
    tried = {batch.number: batch.targets[:10] for batch in (first, second)}

    pace.finish(first, succeeded=tried[1], failed=())
    pace.finish(second, succeeded=tried[2], failed=())

    done = {*tried[1], *tried[2]}
    assert pace.untried == [target for target in first.wave.targets if target not in done]


def test_what_is_neither_done_nor_in_progress_remains() -> None:
    pace = opened(healthy_plan(10, config(floor("HOST_COUNT", 7))))
    pace.finish(pace.open[1], succeeded=pace.open[1].targets, failed=())
    pace.start()

    assert (pace.fleet.succeeded, pace.fleet.in_progress, pace.remaining) == (3, 3, 4)


# --- instances that leave the fleet meanwhile


LUCK = st.lists(st.sampled_from(["good", "bad", "gone"]), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(SMALL, LUCK)
def test_instances_that_leave_count_as_neither_good_nor_bad(drawn: Draw, luck: list[str]) -> None:
    pace, met = Pace(drawn.plan), dict[str, str]()
    allowed = drawn.plan.size - drawn.plan.minimum_healthy

    while pace.next_wave() is not None:
        while pace.can_start:
            batch = pace.start()
            # A batch stops of itself when its share has failed; the rest was never tried.
            tried = dict[str, list[str]](good=[], bad=[], gone=[])
            for target in batch.targets:
                if len(tried["bad"]) < batch.share:
                    assert target not in met, f"{target} is tried twice"
                    met[target] = luck[len(met) % len(luck)]
                    tried[met[target]].append(target)
            pace.finish(batch, succeeded=tried["good"], failed=tried["bad"], departed=tried["gone"])
            assert pace.fleet.failed <= allowed

    counts = {kind: list(met.values()).count(kind) for kind in ("good", "bad", "gone")}
    left_alone = drawn.plan.size - len(drawn.plan.targets)
    is_enough = left_alone + counts["good"] + counts["gone"] >= drawn.plan.minimum_healthy
    is_all_tried = len(met) == len(drawn.plan.targets)
    assert (pace.fleet.succeeded, pace.fleet.failed) == (counts["good"], counts["bad"])
    assert pace.departed == counts["gone"]
    assert pace.is_success == (is_all_tried and counts["good"] > 0 and is_enough)


def after_one_batch(size: int, minimum: int, *, good: int, bad: int = 0) -> Pace:
    """A pace whose first batch has ended; those who are neither good nor bad have left."""
    pace = opened(healthy_plan(size, config(floor("HOST_COUNT", minimum))))
    (batch,) = pace.open.values()
    names = batch.targets
    pace.finish(
        batch,
        succeeded=names[:good],
        failed=names[good : good + bad],
        departed=names[good + bad :],
    )
    return pace


def test_who_has_left_is_not_waited_for() -> None:
    pace = after_one_batch(4, 2, good=1)

    assert (pace.departed, pace.remaining, len(pace.untried)) == (1, 2, 2)


def test_the_floor_stays_what_it_was_when_instances_leave() -> None:
    before = Pace(healthy_plan(10, config(floor("HOST_COUNT", 6))))

    pace = after_one_batch(10, 6, good=2)

    assert (pace.fleet.size, pace.fleet.minimum_healthy) == (
        before.fleet.size,
        before.fleet.minimum_healthy,
    )
    assert pace.start().share == 4


def test_who_leaves_does_not_fail_a_deployment() -> None:
    assert after_one_batch(3, 0, good=1).is_success


def test_a_fleet_that_has_left_as_a_whole_is_no_success() -> None:
    pace = after_one_batch(3, 0, good=0)

    assert (pace.is_success, pace.remaining, pace.is_wave_over) == (False, 0, True)


def test_failures_count_beside_those_who_left() -> None:
    pace = after_one_batch(4, 3, good=0, bad=1)

    assert pace.must_stop


def test_two_instances_that_leave_do_not_stop_what_one_failure_would() -> None:
    assert not after_one_batch(4, 2, good=0).must_stop
