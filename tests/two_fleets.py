"""The tests' language for blue/green deployments: two fleets of simulated hosts before one HAProxy.

with await two_fleets.of_fleets(2, 2):
    deployment = await two_fleets.replace("v2")
    assert two_fleets.serving == {"green-1", "green-2"}
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo
from tests.aws.endpoint import LOOPBACK
from tests.end_to_end.shop_front import BACKEND, Proxy, ShopServer
from tests.end_to_end.witness import Witness, in_service, until_in_service
from tests.scenario import Scenario, SimulatedHost

STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
ORIGINAL = "v1"
PATIENCE_SECONDS = 20


class TwoFleets(Scenario):
    """A blue and a green fleet, whose hosts are called `blue-1`, `green-1` and so on.

    Attributes:
        proxy: The HAProxy that all of them are behind.
        servers: A server for each host, by its short name; deployments start it.
        witness: Counts how many servers get traffic.
        rules: The group's blueGreenDeploymentConfiguration.
    """

    proxy: Proxy
    witness: Witness

    def __init__(self, temporal: Client, scratch: Path, *, name: str) -> None:
        super().__init__(temporal, scratch, name=name)
        self.servers: dict[str, ShopServer] = {}
        self._running = ExitStack()
        self.rules: dict[str, Any] = {
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"},
            "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        }

    async def of_fleets(self, blue: int, green: int) -> Self:
        """Register both fleets, of which the blue one is going to serve."""
        for fleet, size in (("blue", blue), ("green", green)):
            for number in range(1, size + 1):
                await self._add(f"{fleet}-{number}", fleet)
        await self._until_listed()
        addresses = {self.full(name): (LOOPBACK, one.port) for name, one in self.servers.items()}
        self.proxy = Proxy(addresses)
        self.witness = Witness(self.proxy.socket)
        return self

    async def _add(self, name: str, fleet: str) -> None:
        tags = {"fleet": self.full(fleet)}
        host = SimulatedHost(self.full(name), tags, changed=self._changed)
        self.hosts[name] = host
        self.servers[name] = server = ShopServer()
        host.doing["ApplicationStart"] = server.start
        await self._register(host)
        await self.wake(name)

    def __enter__(self) -> Self:
        with ExitStack() as running:
            blue = [server for name, server in self.servers.items() if name.startswith("blue")]
            for server in self.servers.values():
                running.callback(server.stop)
            for server in blue:
                server.start(ORIGINAL)
            running.enter_context(self.proxy)
            until_in_service(self.proxy.socket, len(blue))
            running.enter_context(self.witness)
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    async def apply(self, **settings: Any) -> None:
        """Apply the group: it means the blue fleet."""
        proxy = {"backend": BACKEND, "socket": str(self.proxy.socket)}
        rules = {
            "onPremisesInstanceTagFilters": [self.tag("blue")],
            "deploymentStyle": STYLE,
            "loadBalancerInfo": {"haProxyInfoList": [proxy]},
            "blueGreenDeploymentConfiguration": self.rules,
        }
        await super().apply(**rules | self._settings | settings)

    def tag(self, fleet: str) -> dict[str, str]:
        """Return the filter that finds a fleet."""
        return {"Key": "fleet", "Value": self.full(fleet)}

    async def begin(self, label: str, *, by: str = "green", **members: Any) -> str:
        """Start the replacement of the fleet that serves; return the id of the deployment."""
        return await self.start(label, targetInstances={"tagFilters": [self.tag(by)]}, **members)

    async def replace(self, label: str, *, by: str = "green", **members: Any) -> DeploymentInfo:
        """Replace the fleet that serves, and return the deployment when it has ended."""
        return await self.ended(await self.begin(label, by=by, **members))

    async def until_serving(self, *names: str) -> None:
        """Wait until HAProxy sends requests to these hosts, and to no others."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.serving != {*names}:
                await asyncio.sleep(0.02)

    @property
    def serving(self) -> set[str]:
        """The hosts that HAProxy sends requests to now."""
        return {name.partition(".")[0] for name in in_service(self.proxy.socket)}
