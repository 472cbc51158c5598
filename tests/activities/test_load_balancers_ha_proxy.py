"""Batches that leave service and come back, at a real HAProxy under real requests."""

import asyncio
from collections.abc import Iterator

import pytest

from activities.aws import Aws
from activities.load_balancers import LoadBalancers
from tests.activities.proxied_servers import Proxied, WebServer, site
from tests.activities.traffic_commands import LONG, allow, at, block, command, often
from tests.aws.load import Load
from tests.aws.waiting import until

NAMES = ("i-1", "i-2", "i-3")

Servers = dict[str, WebServer]


@pytest.fixture
def balancers(clients: Aws) -> LoadBalancers:
    return LoadBalancers(clients, pauses=often)


@pytest.fixture
def world() -> Iterator[tuple[Proxied, Servers]]:
    with site(*NAMES) as world:
        yield world


async def test_a_drained_server_gets_no_request_and_loses_none(
    world: tuple[Proxied, Servers], balancers: LoadBalancers
) -> None:
    proxied, servers = world
    wanted = command("i-1", **at(proxied))

    with Load(proxied.address) as load:
        await asyncio.to_thread(load.take, 50)
        blocked = await block(balancers, wanted)
        while_out = servers["i-1"].requests.total()
        await asyncio.to_thread(load.take, 200)
        assert servers["i-1"].requests.total() == while_out
        allowed = await allow(balancers, wanted)
        await asyncio.to_thread(load.take, 200)

    assert servers["i-1"].requests.total() > while_out
    assert (set(blocked.ended), set(allowed.ended)) == ({"i-1"}, {"i-1"})
    assert load.errors == []


async def test_a_request_that_is_being_answered_holds_its_server_in_service(
    world: tuple[Proxied, Servers], balancers: LoadBalancers
) -> None:
    proxied, servers = world
    servers["i-1"].gate.clear()
    held = asyncio.create_task(asyncio.to_thread(proxied.get, "/held", cookie="SERVER=i-1"))
    await asyncio.to_thread(until, lambda: servers["i-1"].requests["/held"])
    info = at(proxied)

    late = await block(balancers, command("i-1", "i-2", seconds=1, **info))
    servers["i-1"].gate.set()
    out = await block(balancers, command("i-1", **info))

    assert set(late.ended) == {"i-2"}
    assert late.failures["i-1"].endswith("It is draining, with 1 still on it.")
    assert set(out.ended) == {"i-1"}
    assert await held == (200, "i-1")


async def test_a_server_that_does_not_get_healthy_fails_alone(
    world: tuple[Proxied, Servers], balancers: LoadBalancers
) -> None:
    proxied, servers = world
    info = at(proxied)
    await block(balancers, command(*NAMES, **info))
    servers["i-2"].status = 503

    report = await allow(balancers, command(*NAMES, seconds=5, **info))

    assert set(report.ended) == {"i-1", "i-3"}
    assert "Layer7 wrong status, code 503" in report.failures["i-2"]


async def test_an_instance_without_a_server_fails_alone_and_at_once(
    world: tuple[Proxied, Servers], balancers: LoadBalancers
) -> None:
    proxied, _ = world

    for act in (block, allow):
        report = await act(balancers, command("i-1", "i-9", seconds=LONG, **at(proxied)))

        assert set(report.ended) == {"i-1"}
        assert "No server of it is called as the instance is" in report.failures["i-9"]


def test_a_look_names_the_instances_that_have_no_server(
    world: tuple[Proxied, Servers], balancers: LoadBalancers
) -> None:
    proxied, _ = world

    (problem,) = balancers.look(command("i-1", "i-9", **at(proxied))).values()

    assert problem.startswith("i-9: No server")
