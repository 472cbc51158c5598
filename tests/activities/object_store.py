"""An emulated S3 in a process of its own, and how to put objects there."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from botocore.session import get_session

from starter.processes import free_port

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "emulated",
    "AWS_SECRET_ACCESS_KEY": "emulated",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


class ObjectStore:
    """Buckets and objects, by address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = get_session().create_client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="emulated",
            aws_secret_access_key="emulated",
        )

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process use this store."""
        return CREDENTIALS | {"AWS_ENDPOINT_URL_S3": self.address}

    def bucket(self, name: str, *, versioned: bool = False) -> str:
        self._client.create_bucket(Bucket=name)
        if versioned:
            self._client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    def put(self, bucket: str, key: str, content: bytes) -> dict[str, Any]:
        """Return what S3 says of the new object, such as `ETag` and `VersionId`."""
        answer: dict[str, Any] = self._client.put_object(Bucket=bucket, Key=key, Body=content)
        return answer

    def delete(self, bucket: str, key: str) -> None:
        self._client.delete_object(Bucket=bucket, Key=key)

    def close(self) -> None:
        self._client.close()


@contextmanager
def emulated_s3() -> Iterator[ObjectStore]:
    """Run an emulator on a free port of this machine."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as emulator:
        try:
            _wait_for(address, emulator)
            store = ObjectStore(address)
            yield store
            store.close()
        finally:
            emulator.terminate()


def _wait_for(address: str, emulator: "subprocess.Popen[bytes]") -> None:
    while emulator.poll() is None:
        try:
            urlopen(f"{address}/moto-api/", timeout=5).close()
        except OSError:  # It does not listen yet, or has yet to import what it answers with.
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the emulator ended with {emulator.returncode}")
