"""The process that fetches one bundle: an order on standard input, the answer on standard output.

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
from agent.sources.obtaining import obtain
from codedeploy.errors import RollwayError
from codedeploy.revision import Revision


def main() -> int:
    """Fetch what the order says; return the exit status."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_agent, daemon=True).start()
    try:
        status, answer = 0, _carried_out(order)
    except RollwayError as error:
        status, answer = 1, error.message
    # Not print: the one who reads takes it for UTF-8, whatever this process's locale is.
    sys.stdout.buffer.write(answer.encode("utf-8", "backslashreplace"))
    return status


def _carried_out(order: dict[str, Any]) -> str:
    """Fetch what the order says; return what the one who gave it does not know yet, if anything."""
    part = Path(order["part"])
    try:
        if "revision" in order:
            return obtain(Revision.model_validate(order["revision"]), part).model_dump_json()
        size = int(order["size"])
        download(source_at(order["location"], size), part, size)
    except OSError as error:
        raise RollwayError(
            f"{part} cannot be written: {error.strerror}. Make room on this host, then deploy "
            "again."
        ) from error
    return ""


def _end_with_the_agent() -> None:
    # Not sys.stdin.read: the interpreter could not shut down while a thread holds its lock.
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
