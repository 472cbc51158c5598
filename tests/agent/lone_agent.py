"""A child process that runs one command as an agent does, so that a test can kill it.

Usage: python -m tests.agent.lone_agent DIRECTORY COMMAND-FILE
"""

import asyncio
import sys
from pathlib import Path

from codedeploy.commands import LifecycleCommand
from tests.agent.site import Site


async def started(site: Site, command: LifecycleCommand) -> asyncio.subprocess.Process:
    """Start an agent on the site's host, with the command to run."""
    path = site.directory / "command.json"
    path.write_text(command.model_dump_json())
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.agent.lone_agent", str(site.directory), str(path)
    )


async def main(directory: Path, command: LifecycleCommand) -> None:
    """Run the command to its end."""
    segment = Site(directory).host.take_up(command)
    with segment.watched():
        await segment.task


if __name__ == "__main__":
    given = LifecycleCommand.model_validate_json(Path(sys.argv[2]).read_bytes())
    asyncio.run(main(Path(sys.argv[1]), given))
