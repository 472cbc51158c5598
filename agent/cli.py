"""The command `rollway-agent`."""

import asyncio
import logging
import sys
from collections.abc import Sequence

from agent.settings import parse
from codedeploy.errors import InvalidInput, RollwayError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; return 0 after SIGTERM or SIGINT, 1 if refused, 2 if told wrongly."""
    settings = parse(sys.argv[1:] if arguments is None else arguments)
    from agent.service import serve  # Late, so that --help and errors need no Temporal.

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    try:
        asyncio.run(serve(settings))
    except RollwayError as error:
        sys.stderr.write(f"rollway-agent: {error.message}\n")
        return 2 if isinstance(error, InvalidInput) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
