"""Real fleets behind real load balancers, in use: a HAProxy, and an emulated target group."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from codedeploy.deployment import DeploymentInfo
from starter.processes import free_port
from tests.aws.emulator import Emulator
from tests.aws.endpoint import LOOPBACK
from tests.aws.fleet_parts import INSTANCE_PORT, FleetPlan
from tests.aws.fleet_plane import FleetPlane, fleet_plane
from tests.aws.fleet_site import addresses_of, build_fleet, launch_hosts
from tests.aws.load import Load
from tests.aws.site_parts import TargetGroup
from tests.aws.target_health import Checks
from tests.end_to_end.real_fleet import RealFleet
from tests.end_to_end.shop_front import BACKEND, Address, Proxy
from tests.end_to_end.witness import until_in_service

SIZE = 6
LAG_SECONDS, DRAIN_SECONDS = 0.6, 2
"""How far a target group is behind, and how long targets that leave are still there for it."""

_CONTROLLED = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
_UNCONTROLLED = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
_BLUE_GREEN = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    "blueGreenDeploymentConfiguration": {
        "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"},
    },
}

Undrained = Callable[[], AbstractContextManager[dict[str, Any]]]


def _uncontrolled() -> AbstractContextManager[dict[str, Any]]:
    return nullcontext({"deploymentStyle": _UNCONTROLLED})


@dataclass(kw_only=True)
class RealShop:
    """Hosts behind a load balancer.

    Attributes:
        role: The tag of its hosts.
        green: Where another fleet, not launched yet, is to listen.
        group: What its deployment group says of hosts and load balancers.
        address: Where customers come.
        socket: The runtime API of the HAProxy that serves them.
        catch_up: Waits until the load balancer does what it was told.
        undrained: Switches draining off; yields settings with which deployments do not wait for it.
        release: The last that was deployed well.
    """

    fleet: RealFleet
    role: str
    green: dict[str, Address]
    group: dict[str, Any]
    address: Address
    socket: Path
    catch_up: Callable[[], None] = lambda: None
    undrained: Undrained = _uncontrolled
    release: str = ""

    async def open(self) -> None:
        """Bring the first release to all hosts at once; no customer is there yet."""
        opening = await self.deploy(
            "v1",
            deploymentStyle=_UNCONTROLLED,
            deploymentConfigName="CodeDeployDefault.AllAtOnce",
        )
        assert opening.status == "Succeeded", opening.error_information

    async def until_all_in_service(self) -> None:
        """Wait until customers are served by every host."""
        await asyncio.to_thread(until_in_service, self.socket, SIZE)

    async def deploy_green(self, label: str) -> DeploymentInfo:
        """Launch the other fleet, which nobody reaches yet, and let it take over with a release."""
        role = f"{self.role}-green"
        await self.fleet.launch(self.green, role=role)
        replacement = {"targetInstances": {"tagFilters": _tagged(role)}}
        return await self.deploy(label, replacement, **_BLUE_GREEN)

    async def deploy(
        self, label: str, request: Mapping[str, Any] = MappingProxyType({}), **settings: Any
    ) -> DeploymentInfo:
        """Deploy a release to one half after the other, traffic controlled; settings go before."""
        half = {"deploymentConfigName": "CodeDeployDefault.HalfAtATime"}
        rules = {"deploymentStyle": _CONTROLLED, **half, **self.group, **settings}
        deployment = await self.fleet.deploy(label, rules, **request)
        if deployment.status == "Succeeded":
            self.release = label
        return deployment

    def next_release(self) -> str:
        """Return a label for the release after the present one."""
        return f"v{int(self.release.removeprefix('v')) + 1}"

    async def answers(self, load: Load, count: int = 500) -> Counter[str]:
        """Return who answers now, and how often."""
        await asyncio.to_thread(self.catch_up)
        return await asyncio.to_thread(load.take, count)


@asynccontextmanager
async def behind_haproxy(fleet: RealFleet) -> AsyncIterator[RealShop]:
    """Open a shop behind a HAProxy."""
    role = f"shop-{uuid4().hex[:8]}"
    blue, green = _free_addresses(role), _free_addresses(f"{role}-green")
    await fleet.launch(blue, role=role)
    with Proxy(blue, closed=green) as proxy:
        backend = {"backend": BACKEND, "socket": str(proxy.socket)}
        group = {
            "onPremisesInstanceTagFilters": _tagged(role),
            "loadBalancerInfo": {"haProxyInfoList": [backend]},
        }
        shop = RealShop(
            fleet=fleet,
            role=role,
            green=green,
            group=group,
            address=proxy.address,
            socket=proxy.socket,
        )
        await shop.open()
        yield shop


@asynccontextmanager
async def behind_target_group(fleet: RealFleet, aws: Emulator) -> AsyncIterator[RealShop]:
    """Open a shop of EC2 instances behind an application load balancer."""
    role = f"shop-{uuid4().hex[:8]}"
    plan = FleetPlan(name=role, size=0, checks=Checks.PROBED, drain_seconds=DRAIN_SECONDS)
    (targets,) = build_fleet(aws, plan).target_groups
    blue = _launched(aws, plan, role)
    await fleet.launch(blue, role=role)
    group = {
        "ec2TagFilters": _tagged(role),
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": targets.name}]},
    }
    with fleet_plane(aws, targets, lag_seconds=LAG_SECONDS) as plane:
        shop = RealShop(
            fleet=fleet,
            role=role,
            green=_launched(aws, plan, f"{role}-green"),
            group=group,
            address=plane.address,
            socket=plane.socket,
            catch_up=plane.catch_up,
            undrained=partial(_deregistered_unheard, aws, targets, plane),
        )
        await shop.open()
        aws.client("elbv2").register_targets(
            TargetGroupArn=targets.arn, Targets=[{"Id": one} for one in blue]
        )
        yield shop


def _free_addresses(prefix: str) -> dict[str, Address]:
    return {f"{prefix}-{number}": (LOOPBACK, free_port()) for number in range(1, SIZE + 1)}


def _launched(aws: Emulator, plan: FleetPlan, role: str) -> dict[str, Address]:
    ids = launch_hosts(aws, SIZE, tags={"role": role}, plan=plan)
    return {one: (address, INSTANCE_PORT) for one, address in addresses_of(aws, ids).items()}


@contextmanager
def _deregistered_unheard(
    aws: Emulator, targets: TargetGroup, plane: FleetPlane
) -> Iterator[dict[str, Any]]:
    """Let targets be gone before the load balancer hears of it, for the length of the block."""
    _delay_deregistration(aws, targets, seconds=0)
    try:
        with plane.deaf():
            yield {}
    finally:
        _delay_deregistration(aws, targets, seconds=DRAIN_SECONDS)


def _delay_deregistration(aws: Emulator, targets: TargetGroup, *, seconds: int) -> None:
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(seconds)}
    aws.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=targets.arn, Attributes=[delay]
    )


def _tagged(role: str) -> list[dict[str, str]]:
    return [{"Key": "role", "Value": role, "Type": "KEY_AND_VALUE"}]
