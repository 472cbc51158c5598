"""Which kind of place an address names."""

from urllib.parse import urlsplit

from activities.sources.s3 import S3Object, S3Source
from activities.sources.source import Source
from activities.sources.web import WebSource

SCHEMES = ("s3", "https", "http")


def is_remote(address: str) -> bool:
    """Whether a source reads `address`."""
    return urlsplit(address).scheme in SCHEMES


def source_at(address: str, size: int) -> Source:
    """Return what reads the bundle of `size` bytes at `address`.

    Raises:
        InvalidRevision: Nothing may be fetched from there.
    """
    if urlsplit(address).scheme == "s3":
        return S3Source(S3Object.at(address))
    return WebSource(address, size=size)
