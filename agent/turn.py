"""The lock of a host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agent.interruption import Interruption


@dataclass
class Turn:
    """The right to change the host, which one segment has at a time, in order of asking."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    holder: str = ""

    @asynccontextmanager
    async def taken_by(self, deployment_id: str, interruption: Interruption) -> AsyncIterator[None]:
        """Hold the turn; waiting for it ends with a wish."""
        await interruption.unless_spoken(self.lock.acquire())
        self.holder = deployment_id
        try:
            yield
        finally:
            self.holder = ""
            self.lock.release()
