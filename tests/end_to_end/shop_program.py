"""The server that deployments start and kill on real hosts: it answers with its version.

    python -m tests.end_to_end.shop_program HOST:PORT VERSION TESTS_PID

It ends with the tests, if nobody has killed it before.
"""

import asyncio
import sys
from pathlib import Path

from tests.aws.target_servers import Server

_PAUSE_SECONDS = 1


async def main(address: str, version: str, tests_pid: str) -> None:
    """Answer for as long as that process lives."""
    await Server(version).start(address)
    tests = Path("/proc", tests_pid)
    while await asyncio.to_thread(tests.exists):
        await asyncio.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
