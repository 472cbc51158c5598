"""An address that answers as AWS does, and how programs and clients are pointed at it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import boto3
from botocore.config import Config

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account that moto plays."""

READY = "ready at "
"""What stands before the address in the line that an emulator prints."""

_DIRECT = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Credentials:
    """Who a client is.

    Attributes:
        session_token: Of an assumed role only.
    """

    access_key_id: str = "testing"
    secret_access_key: str = "testing"
    session_token: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a program this caller."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
        return {name: value for name, value in variables.items() if value is not None}


ANYBODY = Credentials()


class Endpoint:
    """An address that answers as AWS does.

    Clients are kept, one a service and caller, and closed with the endpoint. They never try
    again: a test sees what was answered.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, Credentials], Any] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a program's AWS clients here, and only here."""
        return {
            **ANYBODY.environment,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": LOOPBACK,
        }

    def client(self, service: str, credentials: Credentials = ANYBODY) -> Any:
        """Return the boto3 client of a service, as anybody or as somebody."""
        key = (service, credentials)
        if key not in self._clients:
            self._clients[key] = self._make_client(*key)
        return self._clients[key]

    def _make_client(self, service: str, credentials: Credentials) -> Any:
        return self._session.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=30,
                proxies={},
                s3={"addressing_style": "path"},
            ),
        )

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None) -> Any:
        """Call the emulator's own HTTP interface; return the JSON it answers with."""
        headers = {"Content-Type": "application/octet-stream"}
        request = Request(self.url + path, data=body, method=method, headers=headers)
        with _DIRECT.open(request, timeout=10) as answer:
            return json.load(answer)

    def close(self) -> None:
        """Close the connections of every client."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
