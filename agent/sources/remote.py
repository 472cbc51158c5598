"""Bundles from afar, fetched by a process of its own: its memory goes with it.

The library for S3 alone is larger than what an idle agent may weigh.
"""

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.interruption import Check, go_on
from codedeploy.errors import InvalidRevision
from codedeploy.revision import Revision

_CHECK_SECONDS = 0.2
_FETCH = (sys.executable, "-P", "-m", "agent.sources")


def is_remote(location: str) -> bool:
    """Whether `location` is one that `fetch` knows."""
    return urlsplit(location).scheme in ("s3", "https", "http")


def fetch(location: str, size: int, part: Path, check: Check = go_on) -> None:
    """Bring `size` bytes from `location` to `part`; what is in it already is not fetched again.

    Raises:
        InvalidRevision: It cannot be had; what came is kept for the next time.
        Interrupted: `check` says so; the same.
    """
    _ordered({"location": location, "size": size, "part": str(part)}, check)


def obtain(revision: Revision, part: Path) -> Revision:
    """Bring what `revision` means now to `part`, and return it with what was found out about it.

    Raises:
        InvalidRevision: It cannot be had.
    """
    order = {"revision": revision.model_dump(mode="json"), "part": str(part)}
    return Revision.model_validate_json(_ordered(order, go_on))


def _ordered(order: Mapping[str, Any], check: Check) -> str:
    """Return what a process of its own answers to an order; it ends if the check raises."""
    with subprocess.Popen(
        _FETCH,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,  # A Ctrl-C is for the agent, which then ends the download itself.
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"{json.dumps(order)}\n")
        child.stdin.flush()  # And left open: its end would be ours.
        while not select.select([child.stdout], [], [], _CHECK_SECONDS)[0]:
            check()
        answer = child.stdout.read().strip()
    if child.returncode != 0:
        raise InvalidRevision(answer or f"The fetching process ended with {child.returncode}.")
    return answer
