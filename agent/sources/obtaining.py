"""Bundles that nobody has pinned: found out about, and fetched, as they are at this moment."""

import os
from contextlib import closing
from pathlib import Path

from activities.origins import Origin, origin_of
from activities.sources.download import download
from activities.sources.github import GitHub
from activities.sources.source import Patience, read_steadily
from codedeploy.errors import InvalidRevision
from codedeploy.revision import Revision

LARGEST_BUNDLE = 10 << 30
"""In bytes, as for the control plane; a server may never stop sending."""


def obtain(revision: Revision, part: Path, *, patience: Patience | None = None) -> Revision:
    """Bring what `revision` means now to `part`, and return it with what was found out about it.

    Raises:
        InvalidRevision: It cannot be had, or is too large.
        OSError: The file cannot be written.
    """
    wait = patience or Patience()
    origin = origin_of(revision, github=GitHub.of(os.environ, reader="agent"), patience=wait)
    if origin.size is None:
        _take_all(origin, part, wait)
    elif origin.size > LARGEST_BUNDLE:
        raise _too_large(origin)
    else:
        download(origin.source, part, origin.size, patience=wait)
    return origin.revision


def _take_all(origin: Origin, part: Path, patience: Patience) -> None:
    """Fetch what there is, because the source does not say beforehand how much that will be."""
    with (
        part.open("wb") as target,
        closing(read_steadily(origin.source, 0, None, patience=patience)) as chunks,
    ):
        for chunk in chunks:
            target.write(chunk)
            if target.tell() > LARGEST_BUNDLE:
                raise _too_large(origin)


def _too_large(origin: Origin) -> InvalidRevision:
    return InvalidRevision(
        f"{origin.source.shown} is larger than {LARGEST_BUNDLE} bytes, the most that is taken. "
        "Make the bundle smaller."
    )
