"""Waiting for what another process does."""

import asyncio
from collections.abc import Callable
from pathlib import Path


async def until(condition: Callable[[], object]) -> None:
    """Return when `condition` holds; give up after 20 s."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    return Path(f"/proc/{pid}").exists()
