import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codedeploy.configs import PREDEFINED, DeploymentConfig, ZonalConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.fleet import MOST_BATCHES, MOST_INSTANCES, Floor
from codedeploy.handover import Handover
from codedeploy.plan import Plan, differences, plan_for_one, resized, walk_through
from codedeploy.waves import Known, floor_for, rollback_waves, waves_of
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
    pinned,
    plan,
    rollback_of,
)
from tests.codedeploy.simulation import batch_sizes


def predefined(name: str) -> DeploymentConfig:
    return PREDEFINED[f"CodeDeployDefault.{name}"]


BATCHES = {
    "OneAtATime of 9": (9, predefined("OneAtATime"), [1] * 9),
    "HalfAtATime of 9": (9, predefined("HalfAtATime"), [4, 4, 1]),
    "AllAtOnce of 9": (9, predefined("AllAtOnce"), [9]),
    "HOST_COUNT 6 of 9": (9, config(floor("HOST_COUNT", 6)), [3, 3, 3]),
    "FLEET_PERCENT 40 of 9": (9, config(floor("FLEET_PERCENT", 40)), [5, 4]),
    "FLEET_PERCENT 60 of 9": (9, config(floor("FLEET_PERCENT", 60)), [3, 3, 3]),
    "OneAtATime of 10": (10, predefined("OneAtATime"), [1] * 10),
    "HalfAtATime of 10": (10, predefined("HalfAtATime"), [5, 5]),
    "AllAtOnce of 10": (10, predefined("AllAtOnce"), [10]),
    "HOST_COUNT 9 of 10": (10, config(floor("HOST_COUNT", 9)), [1] * 10),
    "HOST_COUNT 8 of 10": (10, config(floor("HOST_COUNT", 8)), [2] * 5),
    "HOST_COUNT 3 of 10": (10, config(floor("HOST_COUNT", 3)), [7, 3]),
    "HOST_COUNT 0 of 10": (10, config(floor("HOST_COUNT", 0)), [10]),
    "FLEET_PERCENT 60 of 10": (10, config(floor("FLEET_PERCENT", 60)), [4, 4, 2]),
    "FLEET_PERCENT 85 of 10": (10, config(floor("FLEET_PERCENT", 85)), [1] * 10),
    "OneAtATime of 1": (1, predefined("OneAtATime"), [1]),
}


@pytest.mark.parametrize(("size", "chosen", "expected"), BATCHES.values(), ids=BATCHES)
def test_the_batches_of_a_documented_fleet(
    size: int, chosen: DeploymentConfig, expected: list[int]
) -> None:
    assert batch_sizes(plan(hosts(size), chosen, all_healthy(hosts(size)))) == expected


SIZES = st.sampled_from([1, 2, 49, 50, 51, 199, 200, 201, 1_000, 10_000])


@settings(max_examples=25, deadline=None)
@given(size=SIZES, percent=st.integers(0, 99), zones=st.sampled_from(["", "a", "abc"]))
def test_a_plan_of_any_size_holds_every_host_once_in_a_bounded_number_of_batches(
    size: int, percent: int, zones: str
) -> None:
    members = hosts(size, zones=zones or [""])
    zonal = ZonalConfig() if zones else None
    minimum = floor("HOST_COUNT", min(size - 1, percent * size // 99))

    made = plan(members, config(minimum, zonal), all_healthy(members))

    assert sorted(made.targets) == [member.name for member in members]
    assert made.batch_count <= MOST_BATCHES + len(zones)


def test_ten_thousand_hosts_one_at_a_time_are_two_hundred_batches() -> None:
    members = hosts(MOST_INSTANCES)

    made = plan(members, predefined("OneAtATime"), all_healthy(members))

    assert batch_sizes(made) == [50] * 200


def test_small_zones_of_a_large_fleet_are_not_cut_into_single_hosts() -> None:
    members = hosts(10_000, zones=[f"z{n:02}" for n in range(20)])
    chosen = config(floor("HOST_COUNT", 9_999), ZonalConfig())

    assert plan(members, chosen, all_healthy(members)).batch_count == 200


ORDER = {
    "d-never-seen": None,
    "e-failed": UNHEALTHY,
    "c-unknown": UNKNOWN,
    "b-old": OLD,
    "a-current": CURRENT,
}


def remembered() -> Known:
    return known({name: health for name, health in ORDER.items() if health is not None})


def test_hosts_go_by_class_and_by_name_inside_a_class() -> None:
    members = tuple(host(name) for name in sorted(ORDER))

    assert plan(members, predefined("AllAtOnce"), remembered()).targets == tuple(ORDER)


def test_hosts_out_of_service_form_a_wave_of_their_own() -> None:
    members = tuple(host(name) for name in ORDER)

    waves = waves_of(members, remembered(), predefined("AllAtOnce"))

    assert [(wave.name, wave.is_in_service, len(wave.targets)) for wave in waves] == [
        ("unhealthy first", False, 2),
        ("", True, 3),
    ]


def test_a_new_fleet_is_one_wave() -> None:
    waves = waves_of(hosts(3), known({}), predefined("OneAtATime"))

    assert [(wave.name, wave.targets) for wave in waves] == [("", ("h00000", "h00001", "h00002"))]


def test_a_fleet_has_at_most_ten_thousand_hosts() -> None:
    with pytest.raises(DeploymentFailure) as failure:
        waves_of(hosts(MOST_INSTANCES + 1), known({}), predefined("AllAtOnce"))

    assert failure.value.error_code is ErrorCode.OVER_MAX_INSTANCES


def test_a_configuration_without_a_floor_is_not_for_servers() -> None:
    with pytest.raises(DeploymentFailure, match="LambdaAllAtOnce has no minimum"):
        floor_for(predefined("LambdaAllAtOnce"), 3)


def zonal_plan(zones: str, zonal: ZonalConfig, health: Known | None = None) -> Plan:
    members = hosts(len(zones), zones=zones)
    return plan(members, config(floor("HOST_COUNT", 1), zonal), health or all_healthy(members))


def test_a_zone_runs_in_the_smaller_of_both_windows() -> None:
    zonal = ZonalConfig(minimum_healthy_hosts_per_zone=floor("HOST_COUNT", 50))
    members = hosts(200, zones="ab")

    made = plan(members, config(floor("HOST_COUNT", 160), zonal), all_healthy(members))

    assert batch_sizes(made) == [40, 40, 20] * 2


def test_the_window_of_a_zone_can_be_the_smaller_one() -> None:
    zonal = ZonalConfig(minimum_healthy_hosts_per_zone=floor("FLEET_PERCENT", 80))
    members = hosts(20, zones="ab")

    made = plan(members, config(floor("HOST_COUNT", 10), zonal), all_healthy(members))

    assert batch_sizes(made) == [2] * 10


def test_zones_go_by_name_whatever_the_order_of_the_hosts() -> None:
    waves = zonal_plan("cabbac", ZonalConfig()).waves

    assert [(wave.name, wave.targets) for wave in waves] == [
        ("zone a", ("h00001", "h00004")),
        ("zone b", ("h00002", "h00003")),
        ("zone c", ("h00000", "h00005")),
    ]


def test_floors_count_those_that_are_left_alone_and_zones_without_others_are_passed_over() -> None:
    members = hosts(6, zones="abc")
    zonal = ZonalConfig(monitor_duration_in_seconds=60)
    chosen = config(floor("HOST_COUNT", 3), zonal)

    waves = waves_of(
        members, all_healthy(members), chosen, left_alone=("h00000", "h00002", "h00005")
    )

    assert [(wave.name, wave.targets, wave.zone_size, wave.bake_seconds) for wave in waves] == [
        ("zone a", ("h00003",), 2, 60),
        ("zone b", ("h00001", "h00004"), 2, 0),
    ]


def test_hosts_without_a_zone_are_a_zone() -> None:
    members = (host("x"), host("y", "a"))
    chosen = config(floor("HOST_COUNT", 0), ZonalConfig())

    assert [wave.name for wave in waves_of(members, all_healthy(members), chosen)] == [
        "zone (none)",
        "zone a",
    ]


def test_hosts_out_of_service_come_first_whatever_their_zone() -> None:
    health = known({"h00000": OLD, "h00001": OLD, "h00003": OLD})

    waves = zonal_plan("aabb", ZonalConfig(), health).waves

    assert [(wave.name, wave.targets) for wave in waves] == [
        ("zone b, unhealthy first", ("h00002",)),
        ("zone a", ("h00000", "h00001")),
        ("zone b", ("h00003",)),
    ]


BAKES = {
    "no duration": (ZonalConfig(), [0, 0, 0]),
    "the same for all": (ZonalConfig(monitor_duration_in_seconds=60), [60, 60, 0]),
    "the first zone only": (
        ZonalConfig(first_zone_monitor_duration_in_seconds=600),
        [600, 0, 0],
    ),
    "the first zone longer": (
        ZonalConfig(first_zone_monitor_duration_in_seconds=600, monitor_duration_in_seconds=60),
        [600, 60, 0],
    ),
    "the first zone not at all": (
        ZonalConfig(first_zone_monitor_duration_in_seconds=0, monitor_duration_in_seconds=60),
        [0, 60, 0],
    ),
}


@pytest.mark.parametrize(("zonal", "expected"), BAKES.values(), ids=BAKES)
def test_how_long_each_zone_is_watched(zonal: ZonalConfig, expected: list[int]) -> None:
    assert [wave.bake_seconds for wave in zonal_plan("abc", zonal).waves] == expected


def test_a_zone_is_watched_when_its_last_wave_is_over() -> None:
    zonal = ZonalConfig(monitor_duration_in_seconds=60)
    health = known({"h00001": OLD, "h00003": OLD})

    waves = zonal_plan("aabb", zonal, health).waves

    assert [(wave.zone, wave.is_in_service, wave.bake_seconds) for wave in waves] == [
        ("a", False, 0),
        ("b", False, 0),
        ("a", True, 60),
        ("b", True, 0),
    ]


def test_a_zone_without_a_window_is_named() -> None:
    zonal = ZonalConfig(minimum_healthy_hosts_per_zone=floor("HOST_COUNT", 1))

    with pytest.raises(DeploymentFailure, match=r"zone b: HOST_COUNT 1 must stay of 1") as failure:
        zonal_plan("aab", zonal)

    assert failure.value.error_code is ErrorCode.HEALTH_CONSTRAINTS_INVALID


def test_a_rollback_begins_with_what_is_out_of_service() -> None:
    waves = rollback_waves({"c": True, "b": False, "a": True}, size=9, minimum_healthy=7)

    assert [(wave.name, wave.targets, wave.batch_size) for wave in waves] == [
        ("unhealthy first", ("b",), 2),
        ("", ("a", "c"), 2),
    ]


def test_what_a_rollback_leaves_alone_and_does_not_serve_is_missing() -> None:
    forward = plan(hosts(9), predefined("HalfAtATime"), all_healthy(hosts(9)))

    back = rollback_of(forward, {"h00000": False, "h00001": True}, bystanders=5)

    assert back.missing == 2


def of_hosts(count: int) -> Plan:
    return plan(hosts(count), predefined("AllAtOnce"), all_healthy(hosts(count)))


def stored(**changes: object) -> Plan:
    return of_hosts(3).model_copy(update={"plan_id": "p-1", **changes})


REVERSED = of_hosts(3).waves[0].model_copy(update={"targets": ("h00002", "h00001", "h00000")})
DIFFERENCES = {
    "nothing": (stored(), ()),
    "another id and other warnings": (stored(plan_id="p-2", warnings=("silent",)), ()),
    "the content": (stored(revision=pinned(sha256="0" * 64)), ("the content of v2 changed",)),
    "the configuration": (
        stored(deployment_config_name="other"),
        ("the configuration was CodeDeployDefault.AllAtOnce, now other",),
    ),
    "the floor": (
        stored(arithmetic="HOST_COUNT 1 must stay"),
        ("the floor was ceil(0% of 3) = 0 must stay, now HOST_COUNT 1 must stay",),
    ),
    "the order": (
        stored(waves=(REVERSED,)),
        ("the order of the instances or the group's last good revision changed",),
    ),
}


@pytest.mark.parametrize(("new", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_why_a_plan_no_longer_holds(new: Plan, expected: tuple[str, ...]) -> None:
    assert differences(stored(), new) == expected


def test_a_host_that_joined_is_named() -> None:
    assert "h00003 joined the fleet" in differences(of_hosts(3), of_hosts(4))


def test_a_host_that_left_is_named() -> None:
    assert "h00003 left the fleet" in differences(of_hosts(4), of_hosts(3))


def test_many_hosts_that_joined_are_counted() -> None:
    found = differences(of_hosts(1), of_hosts(9))

    assert found[0] == "h00001, h00002, h00003, h00004, h00005 and 3 more joined the fleet"


# --- fleets that replace one another


TWO_FLEETS = Handover(
    blue=("b1", "b2"), green=("g1", "g2", "g3"), size=3, termination_wait_minutes=60
)
TO_COPY = Handover(blue=("b1", "b2"), copied="web", size=2)


def handing_over(handover: Handover = TWO_FLEETS) -> Plan:
    changes = {"waves": (), "size": handover.size, "handover": handover}
    return of_hosts(3).model_copy(update=changes)


def test_the_replacement_is_named_before_the_original() -> None:
    assert handing_over().instances == ("g1", "g2", "g3", "b1", "b2")


def test_before_a_copy_is_made_only_the_original_is_known() -> None:
    assert handing_over(TO_COPY).instances == ("b1", "b2")


def test_in_place_the_targets_are_all_that_takes_part() -> None:
    assert of_hosts(2).instances == ("h00000", "h00001")


def test_the_original_is_kept_as_long_as_the_handover_says() -> None:
    assert handing_over().termination_wait_minutes == 60


def test_in_place_nothing_is_kept() -> None:
    assert of_hosts(1).termination_wait_minutes == 0


HANDOVERS = {
    "nobody": TWO_FLEETS,
    "another replacement": TWO_FLEETS.model_copy(update={"green": ("g1", "g2", "g4")}),
    "another original": TWO_FLEETS.model_copy(update={"blue": ("b1",)}),
    "another end": TWO_FLEETS.model_copy(update={"termination_wait_minutes": 5}),
}


@pytest.mark.parametrize("new", HANDOVERS.values(), ids=HANDOVERS)
def test_a_plan_holds_only_for_the_fleets_it_was_made_for(new: Handover) -> None:
    found = differences(handing_over(), handing_over(new))

    expected = "the original, the replacement or the group's rules changed"
    assert found == (() if new == TWO_FLEETS else (expected,))


@given(green=st.integers(1, 300), share=st.floats(0, 0.99))
def test_a_walk_takes_each_instance_once_in_batches_that_the_floor_allows(
    green: int, share: float
) -> None:
    names, minimum = tuple(f"g{n}" for n in range(green)), int(share * green)
    handover = Handover(blue=names[:1], green=names, size=green)

    walk = walk_through(handing_over(handover), names, minimum_healthy=minimum)

    assert walk.targets == names
    assert (walk.fleet.size, walk.fleet.minimum_healthy) == (green, minimum)
    assert walk.missing == 0
    assert walk.batch_count <= MOST_BATCHES


def test_a_walk_through_part_of_a_fleet_keeps_the_floor_of_the_whole() -> None:
    walk = walk_through(handing_over(), ("g1", "g2"), minimum_healthy=2)

    assert (walk.size, walk.minimum_healthy, walk.missing) == (3, 2, 1)


def test_instances_without_traffic_are_walked_though_others_are_missing() -> None:
    walk = walk_through(handing_over(), ("g1", "g2"), minimum_healthy=2)

    assert [wave.is_in_service for wave in walk.waves] == [False]


def test_a_plan_for_one_instance_has_nothing_to_keep_in_service() -> None:
    group = DeploymentGroup(application_name="shop", deployment_group_name="prod")

    made = plan_for_one(group, pinned("v2"), "i-1")

    assert (made.targets, made.minimum_healthy, made.batch_count) == (("i-1",), 0, 1)
    assert made.fleet.can_spare_one


def test_a_plan_survives_the_wire() -> None:
    made = zonal_plan("ab", ZonalConfig(monitor_duration_in_seconds=1))

    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_a_handover_survives_the_wire_with_its_plan() -> None:
    made = handing_over()

    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_a_replacement_of_another_size_has_the_floor_of_that() -> None:
    handover = Handover(blue=("b-1",), copied="web", size=1)
    planned = plan(hosts(1), predefined("AllAtOnce"), Known()).model_copy(
        update={"handover": handover}
    )

    found = resized(planned, Floor(minimum_healthy=2, arithmetic="2 must stay"), 3)

    assert (found.size, found.minimum_healthy, found.arithmetic) == (3, 2, "2 must stay")
    assert found.handover == handover.model_copy(update={"size": 3})
