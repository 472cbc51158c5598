"""A child process that may not signal a process group it wants to end, as without sudo's leave.

Usage: python -m tests.agent.unprivileged
"""

import asyncio
import os
import pwd

from agent.process_group import end_group, left_of
from agent.runners import Runner, boot_clock


async def main() -> None:
    """Start a process as root, become nobody, and try to end it; print who is left."""
    runner = Runner.of(_started())
    await asyncio.to_thread(os.getpid)  # Nobody may not be able to read what is imported late.
    os.setuid(pwd.getpwnam("nobody").pw_uid)
    since = boot_clock()
    await end_group(runner, grace_seconds=0.1)
    print(*(process.pid for process in left_of(runner, since=since)))


def _started() -> int:
    output = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    command = ["sleep", "100"]
    return os.posix_spawn("/bin/sleep", command, {}, file_actions=[output], setsid=True)


if __name__ == "__main__":
    asyncio.run(main())
