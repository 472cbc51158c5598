"""Objects in S3, or in a store that speaks its language.

Credentials, region and endpoint are those of the process, found as the AWS SDK finds them:
`AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` name another store.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from activities.sources.source import CHUNK, SECONDS_OF_SILENCE, SECONDS_TO_CONNECT, Bytes
from codedeploy.errors import InvalidRevision

PIECE_BYTES = 16 << 20
_CONNECTIONS = 4


@dataclass(frozen=True)
class S3Object:
    """An object, as an address names it: `s3://bucket/key?versionId=...&etag=...`."""

    bucket: str
    key: str
    version: str | None = None
    e_tag: str | None = None

    @classmethod
    def at(cls, address: str) -> "S3Object":
        """Return the object that `address` names."""
        parts = urlsplit(address)
        query = parse_qs(parts.query)
        version, e_tag = (query.get(name, [None])[0] for name in ("versionId", "etag"))
        return cls(unquote(parts.netloc), unquote(parts.path.removeprefix("/")), version, e_tag)

    @property
    def address(self) -> str:
        """The address, from which `at` makes the same object."""
        pairs = (("versionId", self.version), ("etag", self.e_tag))
        query = urlencode([(name, value) for name, value in pairs if value is not None])
        path = f"s3://{quote(self.bucket, safe='')}/{quote(self.key)}"
        return f"{path}?{query}" if query else path

    @property
    def parameters(self) -> dict[str, str]:
        """How the SDK wants it named."""
        version = {} if self.version is None else {"VersionId": self.version}
        return {"Bucket": self.bucket, "Key": self.key, **version}


@dataclass(frozen=True)
class Found:
    """What S3 says of an object."""

    size: int
    version: str | None
    e_tag: str


class S3Source:
    """One object, read in ranges; another content than its eTag's is refused."""

    piece_bytes = PIECE_BYTES

    def __init__(self, place: S3Object, client: Any = None) -> None:
        self.place = place
        self.shown = f"s3://{place.bucket}/{place.key}"
        with self._errors_in_words():
            self._client = client or _client()

    def look(self) -> Found:
        """Return what the object is now; nothing of it is read.

        It is asked for, rather than its head, because S3 gives no reasons for a refused HEAD.
        """
        with self._errors_in_words():
            answer = self._client.get_object(**self.place.parameters)
            answer["Body"].close()
        version = answer.get("VersionId")
        return Found(
            size=answer["ContentLength"],
            version=None if version == "null" else version,
            e_tag=answer["ETag"].strip('"'),
        )

    def exactly(self, place: S3Object) -> "S3Source":
        """Return the source of another object in the same store."""
        return S3Source(place, self._client)

    def read(self, start: int, stop: int | None) -> Bytes:
        """Yield the bytes from `start` up to `stop`, or up to the end."""
        last = "" if stop is None else stop - 1
        parameters = {**self.place.parameters, "Range": f"bytes={start}-{last}"}
        if self.place.e_tag is not None:
            parameters["IfMatch"] = f'"{self.place.e_tag}"'
        with (
            self._errors_in_words(),
            closing(self._client.get_object(**parameters)["Body"]) as body,
        ):
            while chunk := body.read(CHUNK):
                yield chunk

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        from activities.sources.s3_errors import answered, broken

        try:
            yield
        except ClientError as error:
            raise answered(error, self.place, self.shown) from error
        except BotoCoreError as error:
            raise broken(error, self.shown) from error


def _client() -> Any:
    """Return a client that tries once: how often is decided by the reader's patience."""
    from botocore.config import Config
    from botocore.session import get_session

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        connect_timeout=SECONDS_TO_CONNECT,
        read_timeout=SECONDS_OF_SILENCE,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if endpoint else {},
    )
    session = get_session()
    session.set_config_variable("metadata_service_num_attempts", 3)
    try:
        # The SDK for Python itself knows AWS_DEFAULT_REGION only.
        return session.create_client(
            "s3", region_name=os.environ.get("AWS_REGION") or None, config=config
        )
    except ValueError as error:
        raise InvalidRevision(
            f"S3 cannot be reached: {error}. Correct AWS_ENDPOINT_URL_S3 or AWS_REGION."
        ) from error
