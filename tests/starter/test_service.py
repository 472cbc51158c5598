import os
import signal
from functools import partial
from pathlib import Path

import pytest

from codedeploy.errors import Refused
from starter.processes import Child, Program
from starter.service import Service
from tests.starter.other_processes import is_alive, until


def sleeper(log: Path) -> Program:
    return Program("sleeper", ("/bin/sleep", "60"), log)


async def until_replaced(service: Service, pid: int) -> int:
    await until(lambda: service.pid not in (pid, None))
    assert service.pid is not None
    return service.pid


async def test_a_program_that_was_killed_is_started_again_and_reported(tmp_path: Path) -> None:
    reports: list[str] = []
    service = Service("Sleeper", partial(Child.start, sleeper(tmp_path / "log")), reports.append)
    await service.start()
    first = service.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    second = await until_replaced(service, first)
    await service.stop()

    assert second != first
    assert reports == ["Sleeper was killed (SIGKILL); starting it again."]


async def test_a_program_that_is_stopped_is_not_started_again(tmp_path: Path) -> None:
    reports: list[str] = []
    service = Service("Sleeper", partial(Child.start, sleeper(tmp_path / "log")), reports.append)
    await service.start()

    await service.stop()

    assert service.pid is not None
    assert not is_alive(service.pid)
    assert reports == []


async def test_a_first_start_that_fails_is_not_retried() -> None:
    async def fail() -> Child:
        raise Refused("no disk")

    with pytest.raises(Refused, match="no disk"):
        await Service("Sleeper", fail, print).start()


async def test_a_later_start_that_fails_is_retried_and_reported(tmp_path: Path) -> None:
    reports: list[str] = []
    troubles = [None, Refused("the port is taken"), None]

    async def start() -> Child:
        if trouble := troubles.pop(0):
            raise trouble
        return await Child.start(sleeper(tmp_path / "log"))

    service = Service("Sleeper", start, reports.append)
    await service.start()
    assert service.pid is not None

    os.kill(service.pid, signal.SIGTERM)
    await until_replaced(service, service.pid)
    await service.stop()

    assert reports[1:] == ["the port is taken"]
