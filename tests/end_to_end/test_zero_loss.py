"""Servers that are really killed and started under load: nothing is lost, the floor is kept.

Agents, scripts, servers, HAProxy and clients are real. In the second shop Rollway talks to an
emulated target group, and HAProxy does what that is told, a while later.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from starter.client import Rollway
from tests.aws.emulator import Emulator
from tests.aws.load import Load
from tests.end_to_end.real_fleet import real_fleet
from tests.end_to_end.real_shops import SIZE, RealShop, behind_haproxy, behind_target_group
from tests.end_to_end.witness import Witness

pytestmark = pytest.mark.end_to_end

FLOOR = SIZE // 2
LEAST_PER_SECOND = 500


@pytest.fixture(scope="module", params=["haproxy", "target group"])
async def opened(
    request: pytest.FixtureRequest,
    temporal: Client,
    control_plane: object,
    running_emulator: Emulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[RealShop]:
    running_emulator.reset()
    async with real_fleet(Rollway(temporal), tmp_path_factory.mktemp("fleet")) as fleet:
        site = {
            "haproxy": lambda: behind_haproxy(fleet),
            "target group": lambda: behind_target_group(fleet, running_emulator),
        }
        async with site[request.param]() as shop:
            yield shop


@pytest.fixture
async def shop(opened: RealShop) -> RealShop:
    await opened.until_all_in_service()
    return opened


@pytest.fixture
def load(shop: RealShop) -> Iterator[Load]:
    with Load(shop.address) as load:
        yield load


@pytest.fixture
def witness(shop: RealShop) -> Iterator[Witness]:
    with Witness(shop.socket) as witness:
        yield witness


async def test_an_in_place_deployment_loses_no_request_and_keeps_the_floor(
    shop: RealShop, load: Load, witness: Witness
) -> None:
    release = shop.next_release()

    deployment = await shop.deploy(release)
    afterwards = await shop.answers(load)

    assert deployment.status == "Succeeded", deployment.error_information
    assert set(afterwards) == {release}
    assert load.errors == []
    assert load.per_second >= LEAST_PER_SECOND
    assert witness.fewest == FLOOR


async def test_a_release_that_fails_and_its_rollback_lose_no_request_and_keep_the_floor(
    shop: RealShop, load: Load, witness: Witness
) -> None:
    before = shop.release

    deployment = await shop.deploy("bad")
    await shop.until_all_in_service()
    afterwards = await shop.answers(load)

    assert deployment.status == "Failed"
    assert set(afterwards) == {before}
    assert "bad" not in load.answers
    assert load.errors == []
    assert load.per_second >= LEAST_PER_SECOND
    assert witness.fewest == FLOOR


async def test_without_draining_requests_are_lost_and_the_test_sees_it(
    shop: RealShop, load: Load
) -> None:
    with shop.undrained() as settings:
        deployment = await shop.deploy(shop.next_release(), **settings)

    assert deployment.status == "Succeeded", deployment.error_information
    assert load.errors != []


async def test_a_fleet_that_takes_over_from_another_loses_no_request(
    shop: RealShop, load: Load, witness: Witness
) -> None:
    release = shop.next_release()

    deployment = await shop.deploy_green(release)
    afterwards = await shop.answers(load)

    assert deployment.status == "Succeeded", deployment.error_information
    assert set(afterwards) == {release}
    assert load.errors == []
    assert load.per_second >= LEAST_PER_SECOND
    assert witness.fewest == SIZE
