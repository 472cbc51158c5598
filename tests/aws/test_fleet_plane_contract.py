"""A target group made real: who gets requests, and that nobody waits in vain."""

from collections.abc import Iterator

import pytest

from tests.aws.data_plane import Containers
from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import INSTANCE_PORT, FleetPlan
from tests.aws.fleet_plane import FleetPlane, fleet_plane
from tests.aws.fleet_site import FleetSite, addresses_of, build_fleet
from tests.aws.load import Load
from tests.aws.target_health import Checks
from tests.aws.waiting import until


@pytest.fixture
def site(aws: Emulator) -> FleetSite:
    return build_fleet(aws, FleetPlan(checks=Checks.PROBED))


@pytest.fixture
def servers(site: FleetSite) -> Iterator[Containers]:
    """Each instance answers with its id."""
    running = Containers()
    running.answer(answers_of(site))
    yield running
    running.stop()


@pytest.fixture
def plane(aws: Emulator, site: FleetSite, servers: Containers) -> Iterator[FleetPlane]:
    with fleet_plane(aws, site.target_groups[0]) as plane:
        until(lambda: site.are_healthy(site.in_service()))
        plane.catch_up()
        yield plane


def answers_of(site: FleetSite) -> dict[str, str]:
    found = addresses_of(site.aws, site.in_service())
    return {f"{address}:{INSTANCE_PORT}": one for one, address in found.items()}


def test_every_healthy_instance_gets_requests(site: FleetSite, plane: FleetPlane) -> None:
    with Load(plane.address) as load:
        answers = load.take(100)

    assert set(answers) == set(site.in_service())
    assert load.errors == []


def test_an_instance_that_is_deregistered_gets_no_more_requests_and_loses_none(
    site: FleetSite, plane: FleetPlane, servers: Containers
) -> None:
    leaving, staying = site.in_service()
    targets = site.target_groups[0]

    with Load(plane.address) as load:
        load.take(100)
        site.aws.client("elbv2").deregister_targets(
            TargetGroupArn=targets.arn, Targets=[{"Id": leaving}]
        )
        until(lambda: leaving not in site.targets(targets))
        plane.catch_up()
        answers = answers_of(site)
        servers.answer({where: who for where, who in answers.items() if who == staying})
        afterwards = load.take(100)

    assert set(afterwards) == {staying}
    assert load.errors == []


def test_an_instance_that_does_not_answer_loses_requests_until_its_checks_have_failed(
    site: FleetSite, plane: FleetPlane, servers: Containers
) -> None:
    dying, staying = site.in_service()
    answers = answers_of(site)

    with Load(plane.address) as load:
        load.take(100)
        servers.answer({where: who for where, who in answers.items() if who == staying})
        until(lambda: load.errors)
        until(lambda: site.targets(site.target_groups[0])[dying] == "unhealthy")
        plane.catch_up()
    with Load(plane.address) as later:
        afterwards = later.take(100)

    assert set(afterwards) == {staying}
    assert later.errors == []
