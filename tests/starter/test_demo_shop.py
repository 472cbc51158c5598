"""The demo's application as a process, as its start script runs it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from starter.demo.host import APPLICATION, DemoHost, bundle
from starter.processes import free_port
from tests.starter.other_processes import until


@dataclass(frozen=True)
class Shop:
    host: DemoHost
    process: subprocess.Popen[bytes]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    host = DemoHost(1, tmp_path, free_port())
    (tmp_path / "catalog.json").write_bytes((APPLICATION / "catalog.json").read_bytes())
    program = bundle("v1", tmp_path) / "app" / "shop.py"
    with subprocess.Popen(
        [sys.executable, "-B", str(program)],
        cwd=tmp_path,
        env={**os.environ, "PORT": str(host.port)},
        stderr=subprocess.PIPE,
    ) as process:
        yield Shop(host, process)
        process.kill()


async def test_a_shop_that_is_stopped_finishes_the_answer_it_has_begun(shop: Shop) -> None:
    await until(lambda: shop.host.ask("/version") == "v1")
    with socket.create_connection(("127.0.0.1", shop.host.port)) as customer:
        customer.sendall(b"GET /version HTTP/1.0\r\n")
        shop.host.ask("/version")  # Whoever came before has been let in, then.

        shop.process.terminate()
        customer.sendall(b"\r\n")

        answer = customer.makefile("rb").read()
    assert answer.endswith(b"v1")
    assert shop.process.wait(timeout=10) == 0


async def test_a_shop_that_is_stopped_does_not_wait_for_silent_customers(shop: Shop) -> None:
    await until(lambda: shop.host.ask("/version") == "v1")
    with socket.create_connection(("127.0.0.1", shop.host.port)):
        shop.host.ask("/version")

        shop.process.terminate()

        assert shop.process.wait(timeout=10) == 0


async def test_only_what_goes_wrong_is_logged(shop: Shop) -> None:
    await until(lambda: shop.host.ask("/version") == "v1")
    shop.host.ask("/nowhere")

    shop.process.terminate()
    _, log = shop.process.communicate()

    assert [line.split('"')[1] for line in log.decode().splitlines()] == ["GET /nowhere HTTP/1.1"]
