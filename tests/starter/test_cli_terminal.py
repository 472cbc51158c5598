"""The command line on a real (pseudo) terminal, in a process of its own."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.starter import deployments as given_

pytestmark = pytest.mark.timeout(60)

SCRIPT = f"""
import asyncio, os, sys
from tests.starter.fake_rollway import *

class Following(FakeRollway):
    async def watch(self, deployment_id):
        for look in self.looks:
            yield look
            await asyncio.sleep(0)
        os.write(2, b"TOLD\\n")
        if self.is_interrupted:
            await asyncio.sleep(60)

sys.argv = ["rollway", "status", {given_.ID!r}, "--watch", *sys.argv[2:]]
looks = [given_.running(), given_.failed(), given_.rollback()]
hosts = {{given_.ID: given_.targets_of_failed()}}
app(obj=Following(looks=looks, hosts=hosts, is_interrupted=sys.argv[-1] == "--no-color"))
"""


def _start(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[str], int]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "-", *arguments],
        stdout=slave,
        stderr=subprocess.PIPE,
        text=True,
        env={"TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **(environment or {})},
    )
    os.close(slave)
    return process, master


def _everything(master: int) -> str:
    written = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # how Linux says that the last writer has closed it
            piece = b""
        if not piece:
            os.close(master)
            return written.decode()
        written += piece


def test_a_watch_is_redrawn_in_place_and_leaves_the_recap() -> None:
    process, master = _start()

    shown = _everything(master)
    _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (1, "TOLD\n")
    assert "\x1b[2K" in shown
    assert "\x1b[?25h" in shown, "the cursor is shown again"
    assert "RECAP" in shown.rsplit("\x1b[2K", 1)[1]


def test_no_color_is_honoured() -> None:
    process, master = _start(environment={"NO_COLOR": "1"})

    shown = _everything(master)
    process.communicate(timeout=30)

    assert "✖ failed" in shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown)


def test_ctrl_c_leaves_the_last_view_and_the_way_back() -> None:
    process, master = _start("--no-color")
    assert process.stderr is not None

    assert process.stderr.readline() == "TOLD\n"
    process.send_signal(signal.SIGINT)
    shown = _everything(master)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors.startswith("left watching; the deployment goes on.")
    assert "\x1b[?25h" in shown, "the cursor is shown again"
    assert "rollback of d-AAAAAAAAA" in shown.rsplit("\x1b[2K", 1)[1]
