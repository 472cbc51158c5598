"""Ending a process that may have used a Temporal client: worker, agent or command line."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

_CLIENT = "temporalio"


def leave(status: int) -> NoReturn:
    """End the process with `status`; after a Temporal client without the interpreter's winding up.

    Threads of that client may still hold Python objects then, and the interpreter would abort or
    crash (status 134 or 139) about one time in three.
    """
    if _CLIENT not in sys.modules:
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
