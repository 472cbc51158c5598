"""The process that fetches one bundle: an order on standard input, a problem on standard output.

It ends with the agent that started it, however that ends: an open standard input is its lifeline.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from activities.sources.addresses import source_at
from activities.sources.download import download
from codedeploy.errors import RollwayError


def main() -> int:
    """Fetch what the order says; return the exit status."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_agent, daemon=True).start()
    try:
        _fetch(order)
    except RollwayError as error:
        print(error.message)  # noqa: T201
        return 1
    return 0


def _fetch(order: dict[str, Any]) -> None:
    part, size = Path(order["part"]), int(order["size"])
    try:
        download(source_at(order["location"], size), part, size)
    except OSError as error:
        raise RollwayError(
            f"{part} cannot be written: {error.strerror}. Make room on this host, then deploy "
            "again."
        ) from error


def _end_with_the_agent() -> None:
    # Not sys.stdin.read: the interpreter could not shut down while a thread holds its lock.
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
