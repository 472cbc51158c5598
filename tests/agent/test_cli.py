"""How the process of `rollway-agent` ends."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

# What the interpreter does when it winds up, where Temporal's threads may crash it.
PROGRAM = """\
import atexit, sys
{first}
from agent.cli import main
atexit.register(print, "wound up")
sys.argv[1:] = ["uninstall", "--unit-directory", {directory!r}]
main()
"""


@pytest.mark.parametrize(
    ("first", "winds_up"),
    [
        pytest.param("import temporalio.client", False, id="with Temporal's client"),
        pytest.param("", True, id="without"),
    ],
)
async def test_after_temporals_client_it_ends_without_winding_up(
    tmp_path: Path, first: str, winds_up: bool
) -> None:
    program = PROGRAM.format(first=first, directory=str(tmp_path))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)

    said, _ = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0
    assert b"nothing to remove" in said
    assert (b"wound up" in said) is winds_up


async def test_a_status_other_than_0_survives_it(tmp_path: Path) -> None:
    program = (
        "import sys, temporalio.client; from agent.cli import main;"
        f"sys.argv[1:] = ['run', '--config', {str(tmp_path / 'none')!r}]; main()"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=PIPE)

    _, said = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 2
    assert b"There is no configuration file" in said
