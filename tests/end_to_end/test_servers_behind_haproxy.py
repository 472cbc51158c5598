"""Deployments to servers behind a real HAProxy, under load: nothing is lost, the floor is kept."""

from typing import Any

import pytest

from tests.aws.load import Load
from tests.end_to_end.shop_front import BACKEND, ShopFront, ShopServer
from tests.scenario import Scenario, SimulatedHost

pytestmark = pytest.mark.end_to_end

HOSTS = ("a", "b", "c", "d", "e", "f")
CONTROLLED = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


def behind(front: ShopFront) -> dict[str, Any]:
    proxy = {"backend": BACKEND, "socket": str(front.socket)}
    return {
        "deploymentStyle": CONTROLLED,
        "loadBalancerInfo": {"haProxyInfoList": [proxy]},
    }


async def opened(fleet: Scenario) -> ShopFront:
    """Return a front whose servers stop and start as the fleet is deployed to."""
    await fleet.of(*HOSTS)
    front = ShopFront([fleet.full(name) for name in HOSTS])
    for host in fleet.hosts.values():
        tie(host, front.servers[host.name])
    return front


def tie(host: SimulatedHost, server: ShopServer) -> None:
    """Let a host's deployments stop and start its server."""
    host.doing["ApplicationStop"] = lambda _: server.stop()
    host.doing["ApplicationStart"] = server.start


async def test_an_in_place_deployment_loses_no_request_and_keeps_the_floor(
    fleet: Scenario,
) -> None:
    with await opened(fleet) as front, Load(front.address) as load:
        fleet.with_settings(**behind(front))

        deployment = await fleet.deploy("v2", config="HalfAtATime")

        assert deployment.status == "Succeeded", deployment.error_information
        assert set(load.take(100)) == {"v2"}
    assert load.errors == []
    assert front.fewest_in_service == 3
    events = [e.lifecycle_event_name.value for e in (await fleet.target("a")).events]
    assert events[:4] == [
        "BeforeBlockTraffic",
        "BlockTraffic",
        "AfterBlockTraffic",
        "ApplicationStop",
    ]
    assert events[-3:] == ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]


async def test_a_release_that_fails_and_its_rollback_lose_no_request(fleet: Scenario) -> None:
    with await opened(fleet) as front, Load(front.address) as load:
        fleet.with_settings(**behind(front))
        await fleet.deploy("v1")
        fleet.failing("c", at="ValidateService", with_revision="v2")

        deployment = await fleet.deploy("v2", config="OneAtATime")

        assert deployment.status == "Failed"
        assert set(load.take(100)) == {"v1"}
    assert load.errors == []
    assert front.fewest_in_service == 5


async def test_without_traffic_control_requests_are_lost_and_the_test_sees_it(
    fleet: Scenario,
) -> None:
    with await opened(fleet) as front, Load(front.address) as load:
        await fleet.deploy("v2", config="HalfAtATime")

        load.take(10)
    assert load.errors != []


async def test_a_server_that_never_gets_healthy_fails_its_host_with_the_balancers_words(
    fleet: Scenario,
) -> None:
    with await opened(fleet) as front:
        fleet.with_settings(**behind(front), trafficTimeoutSeconds=2)
        fleet.hosts["a"].doing["ApplicationStart"] = lambda _: None

        await fleet.deploy("v2", config="OneAtATime")

        failure = (await fleet.target("a")).failure
    assert failure is not None
    assert failure.event == "AllowTraffic"
    assert BACKEND in failure.message
