"""Who this host is: the name it was given, its own name, or what EC2 calls it.

EC2 is asked only if the name is `ec2`: elsewhere the address of its metadata service may belong
to anybody.

Source: Amazon EC2 User Guide, Use the Instance Metadata Service to access instance metadata (v2).
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from codedeploy.application import check_name
from codedeploy.errors import Refused

if TYPE_CHECKING:
    from http.client import HTTPResponse

EC2 = "ec2"
"""The name that means: ask EC2."""

_DEFAULT_SERVICE = "http://169.254.169.254"
_SERVICE_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
_ANSWER_SECONDS = 1.0
_LONGEST_ANSWER = 64 * 1024
_TOKEN_SECONDS = 60
_MOST_TAGS = 50


class NoMetadata(Refused):
    """EC2's metadata service does not answer, or not with what it must."""


@dataclass(frozen=True)
class Identity:
    """A host's name and the tags that come with it."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


def identity_of(name: str | None) -> Identity:
    """Return the identity of a host that is to be called `name`.

    Args:
        name: None is the machine's own name, `ec2` what EC2 says.

    Raises:
        NoMetadata: EC2 is to be asked and does not answer.
        InvalidApplicationName: The machine's own name cannot name an instance.
    """
    if name == EC2:
        return _identity_in_ec2(_MetadataService.default())
    return Identity(name or check_name(socket.gethostname(), of="this machine's own name"))


def _identity_in_ec2(service: "_MetadataService") -> Identity:
    """Return instance id, zone and, if the instance lets its metadata show them, its tags."""
    name = check_name(service.required("meta-data/instance-id"), of="the instance id of EC2")
    zone = service.get("meta-data/placement/availability-zone")
    keys = (service.get("meta-data/tags/instance") or "").splitlines()[:_MOST_TAGS]
    tags = {key: service.get(f"meta-data/tags/instance/{quote(key, safe='')}") for key in keys}
    found = {"zone": zone, **tags}
    return Identity(name, {key: value for key, value in found.items() if value is not None})


class _MetadataService:
    """EC2's instance metadata service, version 2: every question carries a token."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._base = _parts_of(address)
        self._token = self._ask(
            "PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
        )
        if self._token is None:
            raise NoMetadata(f"{address} gives no session token. {_WAY_OUT}")

    @classmethod
    def default(cls) -> "_MetadataService":
        """Return the service of this instance."""
        return cls(os.environ.get(_SERVICE_VARIABLE) or _DEFAULT_SERVICE)

    def get(self, path: str) -> str | None:
        """Return the text at `path`, or None if there is none."""
        assert self._token is not None
        return self._ask("GET", path, {"X-aws-ec2-metadata-token": self._token})

    def required(self, path: str) -> str:
        """Return the text at `path`."""
        text = self.get(path)
        if text is None:
            raise NoMetadata(f"{self._address} knows no {path}. {_WAY_OUT}")
        return text

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        # Late: only hosts that ask EC2 pay for it. No proxy is used, unlike with urllib.
        from http.client import HTTPConnection, HTTPException

        try:
            connection = HTTPConnection(
                self._base.hostname or "", self._base.port, timeout=_ANSWER_SECONDS
            )
            try:
                connection.request(
                    method, f"{self._base.path}/latest/{path}", headers=dict(headers)
                )
                return _text_of(connection.getresponse())
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            raise NoMetadata(
                f"EC2's metadata service does not answer at {self._address}: {error}. {_WAY_OUT}"
            ) from error


_WAY_OUT = (
    "Is this an EC2 instance with its metadata service enabled? If not, name the host with "
    "--name, or with name: in the configuration file."
)


def _parts_of(address: str) -> SplitResult:
    try:
        parts = urlsplit(address.rstrip("/"))
        is_right = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise NoMetadata(
            f"{_SERVICE_VARIABLE} is {address!r}; expected an address such as {_DEFAULT_SERVICE}. "
            f"{_WAY_OUT}"
        )
    return parts


def _text_of(answer: "HTTPResponse") -> str | None:
    text = answer.read(_LONGEST_ANSWER).decode("utf-8", "replace")
    return text if answer.status == 200 else None
