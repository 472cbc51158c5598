"""Web addresses that a bundle may come from."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

_SECRET = re.compile(r"(?i)(^|[-_])(signature|sig|token|credential|password|secret|api[-_]?key)$")
_USER = re.compile(r"//[^/]*@")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


def problem_of_address(address: str) -> str:
    """Return why nothing may be fetched from `address`, or an empty string.

    What it says is part of a deployment's history, so an address may hold no secret.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return "it is no web address"
    if not host or _UNPRINTABLE.search(address):
        return "it is no web address"
    if parts.scheme != "https" and not is_local(address):
        return f"{parts.scheme or 'no scheme'} is not protected on its way: it must be https"
    return _problem_of_secrets(parts)


def _problem_of_secrets(parts: SplitResult) -> str:
    if parts.username is not None or parts.password is not None:
        return "it holds a user or password, which the deployment's history would keep"
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET.search(name):
            return f"its {name} looks like a secret, which the deployment's history would keep"
    return ""


def is_local(address: str) -> bool:
    """Whether `address` is plain http to this very machine, which nobody can overhear."""
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def without_secrets(address: str) -> str:
    """Return `address` for people: without user, query and fragment, which may hold secrets."""
    return _USER.sub("//", re.split(r"[?#]", address, maxsplit=1)[0])
