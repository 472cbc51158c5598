import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from starter.processes import Child, Program, free_port, is_free, reserve_port
from tests.starter.other_processes import is_alive, until

PARENT = """
import asyncio, sys
from pathlib import Path
from starter.processes import Child, Program

async def main():
    child = await Child.start(Program("sleeper", ("/bin/sleep", "60"), Path(sys.argv[1])))
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def program(log: Path, script: str) -> Program:
    return Program("program", ("/bin/sh", "-c", script), log)


async def test_a_child_says_how_it_ended_and_what_it_said(tmp_path: Path) -> None:
    child = await Child.start(
        program(tmp_path / "logs" / "a.log", "echo one; echo two >&2; exit 3")
    )

    assert await child.ended() == 3
    assert child.last_lines() == "one\ntwo"


async def test_the_words_of_an_earlier_child_are_not_taken_for_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("words of yesterday\n")

    child = await Child.start(program(log, "echo today"))
    await child.ended()

    assert child.last_lines() == "today"


async def test_a_ctrl_c_at_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    child = await Child.start(program(tmp_path / "log", "exec sleep 60"))

    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    await child.stop()


async def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    child = await Child.start(
        program(tmp_path / "log", "trap '' TERM; echo deaf; while :; do sleep 1; done")
    )
    await until(lambda: "deaf" in child.last_lines())

    await child.stop(grace_seconds=0.1)

    assert await child.ended() == -signal.SIGKILL


async def test_stopping_a_child_that_has_ended_is_no_error(tmp_path: Path) -> None:
    child = await Child.start(program(tmp_path / "log", "exit 0"))
    await child.ended()

    await child.stop()

    assert not child.is_running


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    asyncio.run(until(lambda: not is_alive(child)))


def test_a_port_that_somebody_uses_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not is_free(taken.getsockname()[1])


def test_a_free_port_can_be_listened_at() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.fileno() >= 0


def test_no_port_is_given_twice_although_nobody_uses_the_first_yet() -> None:
    given = [free_port() for _ in range(1000)]

    assert len(set(given)) == len(given)


def test_a_reserved_port_is_refused_to_strangers() -> None:
    with reserve_port() as reservation:
        assert not is_free(reservation.getsockname()[1])


def test_a_reserved_port_is_open_to_a_program_that_shares_it() -> None:
    with reserve_port() as reservation, socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(reservation.getsockname())
        server.listen()

        with socket.create_connection(reservation.getsockname()), server.accept()[0] as accepted:
            assert accepted.fileno() >= 0
