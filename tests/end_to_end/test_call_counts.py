"""How often load balancers are asked in whole deployments: calls grow with batches, not with hosts.

One deployment to ten hosts and one to five hundred, behind a target group and a HAProxy at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.aws import Aws
from codedeploy.deployment_group import TagFilter
from codedeploy.fleet import BATCH_LIMIT
from tests.activities.balanced_instances import TargetGroupSite, counted, launch
from tests.activities.proxied_servers import Proxied, haproxy
from tests.aws.emulator import Emulator
from tests.scaling_scenario import BEHIND
from tests.scenario import Scenario, SimulatedHost

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]

FEW, MANY = 10, 500
MOST_A_BATCH = 20
"""Looks and changes, out of service and back, and the first look at all; looks may be repeated."""

AT_ONCE = 20
NOWHERE = "127.0.0.1:9"


@dataclass(frozen=True)
class Calls:
    """What one deployment asked, and in how many batches."""

    batches: int
    target_group: int
    ha_proxy: int
    ec2: int


class Crowd(Scenario):
    """Many hosts on EC2, the first few of which bear a tag of their own."""

    async def of_instances(self, names: list[str]) -> None:
        for number, name in enumerate(names):
            tags = {"role": self._role, "place": "first" if number < FEW else "later"}
            self.hosts[name] = SimulatedHost(name, tags, changed=self._changed)
        await some_at_once(self._register(host) for host in self.hosts.values())
        for name in names:
            await self.wake(name)
        await self._until_listed()

    async def __aexit__(self, *_: object) -> None:
        await some_at_once(self._end(name) for name in self.hosts)

    async def _end(self, name: str) -> None:
        await self.kill(name)
        await self._temporal.get_workflow_handle(f"instance/{name}").terminate()


@dataclass(frozen=True)
class Site:
    """A crowd, and what is in front of it."""

    crowd: Crowd
    proxied: Proxied
    aws: Aws

    async def deploy(self, label: str, *, only_first: bool) -> Calls:
        key, value = ("place", "first") if only_first else ("role", self.crowd._role)
        self.crowd.with_settings(onPremisesInstanceTagFilters=[TagFilter(key=key, value=value)])
        before = self.proxied.connections()
        with counted(self.aws, "elbv2") as asked, counted(self.aws, "ec2") as asked_of_ec2:
            deployment = await self.crowd.deploy(label, config="AllAtOnce")
        assert deployment.status == "Succeeded", deployment.error_information
        connections = self.proxied.connections() - before
        return Calls(len(deployment.batches), len(asked), connections, len(asked_of_ec2))


@pytest.fixture
def proxied(aws: Emulator) -> Iterator[Proxied]:
    with haproxy(*(f"{name} {NOWHERE}" for name in launch(aws, MANY))) as proxied:
        yield proxied


@pytest.fixture
async def site(
    temporal: Client,
    control_plane: Path,
    aws: Emulator,
    worker_aws: Aws,
    proxied: Proxied,
    tmp_path: Path,
) -> AsyncIterator[Site]:
    names = list(proxied.statuses())
    TargetGroupSite(aws, "web").register(*names)
    async with Crowd(temporal, tmp_path, name="crowd") as crowd:
        await crowd.of_instances(names)
        crowd.with_settings(
            deploymentStyle=BEHIND,
            loadBalancerInfo={
                "targetGroupInfoList": [{"name": "web"}],
                "haProxyInfoList": [proxied.info().model_dump()],
            },
        )
        yield Site(crowd, proxied, worker_aws)


async def some_at_once(work: Iterable[Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(piece: Awaitable[None]) -> None:
        async with gate:
            await piece

    await asyncio.gather(*map(one, work))


async def test_calls_grow_with_batches_and_not_with_instances(site: Site) -> None:
    few = await site.deploy("v1", only_first=True)
    many = await site.deploy("v2", only_first=False)

    # Those that have been deployed to already come last, in a batch of their own.
    assert (few.batches, many.batches) == (1, (MANY - FEW) // BATCH_LIMIT + 2)
    for one in (few, many):
        assert one.target_group <= MOST_A_BATCH * one.batches
        assert one.ha_proxy <= MOST_A_BATCH * one.batches
        assert one.ec2 == 0
