"""The load balancer made real: who answers, and that nobody waits in vain."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.aws.data_plane import DataPlane, data_plane
from tests.aws.ecs_site import Site, build_site, forward
from tests.aws.emulator import Emulator
from tests.aws.haproxy import SLOTS, wheel
from tests.aws.load import Load
from tests.aws.site_parts import Plan
from tests.aws.target_health import Checks
from tests.aws.waiting import until

V1, V2 = "shop:1", "shop:2"


@pytest.fixture
def site(aws: Emulator) -> Site:
    return build_site(aws, Plan(checks=Checks.PROBED))


@pytest.fixture
def plane(site: Site) -> Iterator[DataPlane]:
    with data_plane(site) as running:
        yield running


def replace_blue(site: Site) -> str:
    """Bring up version 2 on green, without traffic; return its task set."""
    site.route(site.production_listener, blue=100, green=0)
    arn = str(site.create_task_set(2, site.green)["taskSetArn"])
    until(lambda: site.is_steady(arn))
    return arn


def test_a_tenth_of_the_weight_is_a_tenth_of_the_answers(site: Site, plane: DataPlane) -> None:
    replace_blue(site)
    site.route(site.production_listener, blue=90, green=10)
    plane.catch_up()

    with Load(plane.address(site.production_listener)) as load:
        answers = load.take(2000)

    assert 160 <= answers[V2] <= 240
    assert answers[V1] + answers[V2] == 2000
    assert load.errors == []


def test_nobody_is_lost_while_traffic_shifts_and_the_old_targets_drain(
    site: Site, plane: DataPlane
) -> None:
    with Load(plane.address(site.production_listener)) as load:
        replace_blue(site)
        for green in (10, 50, 100):
            site.route(site.production_listener, blue=100 - green, green=green)
            plane.catch_up()
            load.take(100)
        site.aws.client("ecs").delete_task_set(
            cluster=site.cluster,
            service=site.service,
            taskSet=site.primary()["taskSetArn"],
            force=True,
        )
        until(lambda: site.health(site.blue) == [])
        plane.catch_up()
        last = load.take(100)

    assert load.errors == []
    assert set(last) == {V2}


def test_nobody_is_lost_when_traffic_goes_back(site: Site, plane: DataPlane) -> None:
    with Load(plane.address(site.production_listener)) as load:
        replacement = replace_blue(site)
        site.route(site.production_listener, blue=50, green=50)
        plane.catch_up()
        half = load.take(200)

        site.route(site.production_listener, blue=100, green=0)
        site.aws.client("ecs").delete_task_set(
            cluster=site.cluster, service=site.service, taskSet=replacement, force=True
        )
        until(lambda: site.health(site.green) == [])
        last = load.take(100)

    assert load.errors == []
    assert set(half) == {V1, V2}
    assert set(last) == {V1}


def test_the_test_listener_goes_its_own_way(site: Site, plane: DataPlane) -> None:
    assert site.test_listener is not None
    replace_blue(site)

    site.route(site.test_listener, blue=0, green=100)
    plane.catch_up()

    with Load(plane.address(site.test_listener)) as load:
        assert set(load.take(50)) == {V2}
    with Load(plane.address(site.production_listener)) as load:
        assert set(load.take(50)) == {V1}


def test_who_gets_no_answer_is_counted(site: Site, plane: DataPlane) -> None:
    replace_blue(site)

    site.route(site.production_listener, blue=0, green=0)
    plane.catch_up()

    with Load(plane.address(site.production_listener)) as load:
        until(lambda: load.errors)
    assert load.errors[0].startswith("HTTP 503")


def test_tasks_that_end_before_the_load_balancer_knows_lose_requests(aws: Emulator) -> None:
    site = build_site(aws, Plan(checks=Checks.PROBED, has_test_listener=False))
    with (
        data_plane(site, lag_seconds=0.5) as plane,
        Load(plane.address(site.production_listener)) as load,
    ):
        replace_blue(site)
        only_green = forward({site.green.arn: 100})
        aws.client("elbv2").modify_listener(
            ListenerArn=site.production_listener, DefaultActions=[only_green]
        )
        # What no listener forwards to does not drain.
        aws.client("ecs").delete_task_set(
            cluster=site.cluster,
            service=site.service,
            taskSet=site.primary()["taskSetArn"],
            force=True,
        )

        until(lambda: load.errors)
        plane.catch_up()
        last = load.take(100)

    assert set(last) == {V2}


# --- the wheel


@given(some.integers(0, 100))
def test_the_wheel_gives_each_its_percent(green: int) -> None:
    slots = wheel({"blue": 100 - green, "green": green})

    assert slots.count("green") == green
    assert len(slots) == SLOTS


@given(some.integers(1, 99))
def test_the_wheel_never_lets_one_wait_longer_than_its_share(green: int) -> None:
    slots = wheel({"blue": 100 - green, "green": green}) * 2

    places = [place for place, name in enumerate(slots) if name == "green"]
    waits = [later - sooner for sooner, later in pairwise(places)]
    assert max(waits) <= 100 // green + 1


def test_nobody_has_a_slot_if_nobody_weighs_anything() -> None:
    assert wheel({"blue": 0, "green": 0}) == []
