"""Which source reads what an address names."""

from urllib.parse import urlsplit

from activities.sources.s3 import S3Object, S3Source
from activities.sources.source import Source
from activities.sources.web import WebSource


def source_at(address: str, size: int) -> Source:
    """Return what reads the bundle of `size` bytes at `address`.

    Raises:
        InvalidRevision: Nothing may be fetched from there.
    """
    if urlsplit(address).scheme == "s3":
        return S3Source(S3Object.at(address))
    return WebSource(address, size=size)
