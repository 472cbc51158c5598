"""Fleets and load balancers that cannot serve a deployment: no plan is made, no host is touched."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from codedeploy.configs import (
    DeploymentConfig,
    MinimumHealthyHosts,
    MinimumHealthyHostsType,
    ZonalConfig,
)
from codedeploy.errors import RollwayError
from tests.aws.emulator import Emulator
from tests.aws.endpoint import LOOPBACK
from tests.aws.fleet_snapshot import difference, fleet_snapshot
from tests.aws.target_health import Checks
from tests.end_to_end.shop_front import BACKEND, ShopServer
from tests.scaling_scenario import BEHIND, BLUE_GREEN, ScalingScenario
from tests.scenario import Scenario
from tests.traffic_scenario import reason_of
from tests.two_fleets import TwoFleets

Members = dict[str, Any]

BY_ZONE = "custom.by-zone"
COPIED: Members = {
    "deploymentStyle": BLUE_GREEN,
    "blueGreenDeploymentConfiguration": {
        "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}
    },
}


async def refused(fleet: Scenario, request: Members, **settings: Any) -> tuple[str, str]:
    """Plan with other settings of the group; return why there is no plan."""
    await fleet.apply(**settings)
    with pytest.raises(RollwayError) as error:
        await fleet.rollway.plan(fleet.request("v1", "AllAtOnce", **request))
    return error.value.code, error.value.message


async def failed(fleet: Scenario, request: Members) -> tuple[str, str]:
    """Deploy; return why that fails without a host having been touched."""
    deployment = await fleet.deploy("v1", config="AllAtOnce", **request)
    assert deployment.status == "Failed"
    assert fleet.untouched == [*fleet.hosts]
    return reason_of(deployment)


# --- two fleets before HAProxy: one of them is the smaller one


@pytest.fixture(scope="module")
async def fleets(
    temporal: Client, control_plane: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TwoFleets]:
    scratch = tmp_path_factory.mktemp("fleets")
    async with TwoFleets(temporal, scratch, name="refused") as scenario:
        with await scenario.of_fleets(2, 1):
            await scenario.of_away("spare", fleet=scenario.full("spare"))
            yield scenario


def by(fleets: TwoFleets, fleet: str) -> Members:
    return {"targetInstances": {"tagFilters": [fleets.tag(fleet)]}}


WRONG = "InvalidBlueGreenDeploymentConfigurationException"
REPLACEMENTS = {
    "smaller": ("green", "NO_INSTANCES", "expected 2 instances, found 1"),
    "overlapping": ("blue", WRONG, "would be original and replacement at once"),
    "of nobody": ("nobody", "NO_INSTANCES", "targetInstances means no instance"),
}


@pytest.mark.parametrize(("fleet", "code", "said"), REPLACEMENTS.values(), ids=REPLACEMENTS)
async def test_a_replacement_that_cannot_replace_is_refused(
    fleets: TwoFleets, fleet: str, code: str, said: str
) -> None:
    found, message = await refused(fleets, by(fleets, fleet))

    assert found == code
    assert said in message


async def test_a_replacement_that_is_larger_is_refused_too(fleets: TwoFleets) -> None:
    code, message = await refused(
        fleets, by(fleets, "blue"), onPremisesInstanceTagFilters=[fleets.tag("green")]
    )

    assert code == "NO_INSTANCES"
    assert "expected 1 instances, found 2" in message


@pytest.mark.parametrize(
    ("request_of", "code"),
    [
        (lambda fleets: by(fleets, "blue"), "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION"),
        (lambda _: {}, "NO_INSTANCES"),
    ],
    ids=["overlapping", "not named"],
)
async def test_a_deployment_that_is_refused_ends_with_a_code_of_codedeploys(
    fleets: TwoFleets, request_of: Callable[[TwoFleets], Members], code: str
) -> None:
    found, _ = await failed(fleets, request_of(fleets))

    assert found == code


async def test_a_replacement_that_is_not_named_is_refused(fleets: TwoFleets) -> None:
    code, message = await refused(fleets, {})

    assert code == "InvalidTargetInstancesException"
    assert "--target-tag KEY=VALUE or --target-auto-scaling-group NAME" in message


async def test_instances_that_are_not_on_ec2_are_not_terminated(fleets: TwoFleets) -> None:
    terminate = {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}}

    code, message = await refused(
        fleets,
        by(fleets, "spare"),
        onPremisesInstanceTagFilters=[fleets.tag("green")],
        blueGreenDeploymentConfiguration=terminate,
    )

    assert code == WRONG
    assert "Choose KEEP_ALIVE in terminateBlueInstancesOnDeploymentSuccess" in message


async def test_a_replacement_goes_by_no_zones(fleets: TwoFleets) -> None:
    floor = MinimumHealthyHosts(type=MinimumHealthyHostsType.HOST_COUNT, value=1)
    zonal = DeploymentConfig(
        deployment_config_name=BY_ZONE, minimum_healthy_hosts=floor, zonal_config=ZonalConfig()
    )
    await fleets.rollway.apply([zonal])
    request = {"deploymentConfigName": BY_ZONE, **by(fleets, "green")}

    code, message = await refused(fleets, request)

    assert code == "HEALTH_CONSTRAINTS_INVALID"
    assert "Choose one without zonalConfig" in message


async def test_a_deployment_that_is_refused_touches_no_host(fleets: TwoFleets) -> None:
    code, message = await failed(fleets, by(fleets, "green"))

    assert (code, "expected 2 instances, found 1" in message) == ("NO_INSTANCES", True)
    assert fleets.serving == {"blue-1", "blue-2"}


# --- load balancers


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A port where somebody answers who is no HAProxy."""
    server = ShopServer()
    server.start("v1")
    yield f"{LOOPBACK}:{server.port}"
    server.stop()


async def refused_by_proxy(fleets: TwoFleets, backend: str, socket: str) -> tuple[str, str]:
    """Plan an update in place behind another backend; return why there is no plan."""
    proxy = {"backend": backend, "socket": socket}
    return await refused(
        fleets,
        {},
        deploymentStyle=BEHIND,
        loadBalancerInfo={"haProxyInfoList": [proxy]},
    )


async def test_a_backend_that_does_not_exist_is_refused(fleets: TwoFleets) -> None:
    code, message = await refused_by_proxy(fleets, "nowhere", str(fleets.proxy.socket))

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert f"has no backend nowhere; it has {BACKEND}" in message


async def test_a_socket_that_is_not_haproxys_is_refused(fleets: TwoFleets, stranger: str) -> None:
    code, message = await refused_by_proxy(fleets, BACKEND, stranger)

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert stranger in message
    assert "it is not HAProxy's" in message


async def test_a_socket_where_nobody_listens_is_refused(fleets: TwoFleets, tmp_path: Path) -> None:
    socket = str(tmp_path / "admin")

    code, message = await refused_by_proxy(fleets, BACKEND, socket)

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert socket in message


# --- Auto Scaling groups


@pytest.fixture
async def scaling(
    temporal: Client, control_plane: Path, aws: Emulator, tmp_path: Path
) -> AsyncIterator[ScalingScenario]:
    async with ScalingScenario(temporal, tmp_path, aws=aws, name="refused") as scenario:
        yield scenario


BALANCERS = {
    "target group": ("targetGroupInfoList", "create the target group"),
    "classic": ("elbInfoList", "elbInfoList"),
}


@pytest.mark.parametrize(("member", "said"), BALANCERS.values(), ids=BALANCERS)
async def test_a_load_balancer_that_does_not_exist_is_refused(
    scaling: ScalingScenario, member: str, said: str
) -> None:
    await scaling.of_group(1, target_groups=0)
    info = {member: [{"name": "nowhere"}]}

    code, message = await refused(scaling, {}, deploymentStyle=BEHIND, loadBalancerInfo=info)

    assert code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert "nowhere" in message
    assert said in message


IN_PLACE = {"deploymentStyle": BEHIND}


@pytest.mark.parametrize(
    ("settings", "said"),
    [(IN_PLACE, "is healthy and InService"), (COPIED, "is in service (of 0)")],
    ids=["in place", "copied"],
)
async def test_a_fleet_with_nobody_in_service_is_refused(
    scaling: ScalingScenario, aws: Emulator, settings: Members, said: str
) -> None:
    await scaling.of_group(0)
    await scaling.apply(**settings)
    before = fleet_snapshot(aws)

    code, message = await refused(scaling, {}, **settings)

    assert code == "NO_INSTANCES"
    assert said in message
    assert difference(before, fleet_snapshot(aws)) == []


async def test_the_replacement_of_a_copied_group_is_not_named(scaling: ScalingScenario) -> None:
    await scaling.of_group(1)
    named = {"targetInstances": {"autoScalingGroups": [scaling.site.group]}}

    code, message = await refused(scaling, named, **COPIED)

    assert code == "InvalidTargetInstancesException"
    assert "Leave targetInstances out" in message


# --- at run time


async def test_a_load_balancer_that_never_says_healthy_is_quoted(scaling: ScalingScenario) -> None:
    await scaling.of_group(1, checks=Checks.UNHEALTHY)
    scaling.with_settings(deploymentStyle=BEHIND, trafficTimeoutSeconds=8)
    (host,) = scaling.hosts

    deployment = await scaling.deploy("v1", config="AllAtOnce")

    code, message = reason_of(deployment)
    target = await scaling.rollway.target(scaling.last_id, host)
    (event,) = (one for one in target.events if one.lifecycle_event_name == "AllowTraffic")
    assert (deployment.status, event.status) == ("Failed", "Failed")
    assert event.diagnostics is not None
    assert scaling.site.target_groups[0].name in event.diagnostics.message
    assert "Health checks failed" in event.diagnostics.message
    assert code == "HEALTH_CONSTRAINTS"
    assert "Health checks failed" in message
