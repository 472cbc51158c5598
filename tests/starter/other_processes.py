"""Other processes of this machine, and waiting for what they do."""

import asyncio
from collections.abc import Callable
from pathlib import Path


async def until(condition: Callable[[], object]) -> None:
    """Return when `condition` holds; give up after two minutes: a demo is many processes."""
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    return Path(f"/proc/{pid}").exists()


def that_name(mark: str) -> dict[int, str]:
    """Return the command lines of the processes with `mark` in command line or environment."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        command, environment = _text(entry / "cmdline"), _text(entry / "environ")
        if mark in command or mark in environment:
            found[int(entry.name)] = command
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:  # It has ended meanwhile.
        return ""
