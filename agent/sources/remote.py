"""Bundles from afar, fetched by a process of its own: its memory goes with it.

The library for S3 alone is larger than what an idle agent may weigh.
"""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from codedeploy.errors import InvalidRevision

_FETCH = (sys.executable, "-P", "-m", "agent.sources")


def is_remote(location: str) -> bool:
    """Whether `location` is one that `fetch` knows."""
    return urlsplit(location).scheme in ("s3", "https", "http")


def fetch(location: str, size: int, part: Path) -> None:
    """Bring `size` bytes from `location` to `part`; what is in it already is not fetched again.

    Raises:
        InvalidRevision: It cannot be had; what came is kept for the next time.
    """
    order = json.dumps({"location": location, "size": size, "part": str(part)})
    with subprocess.Popen(
        _FETCH,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # A Ctrl-C is for the agent, which finishes a download under way.
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"{order}\n")
        child.stdin.flush()  # And left open: its end would be ours.
        problem = child.stdout.read().strip()
    if child.returncode != 0:
        raise InvalidRevision(problem or f"The fetching process ended with {child.returncode}.")
