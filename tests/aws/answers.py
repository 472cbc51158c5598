"""What an emulator answered, as tests compare it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def payload(answer: Any) -> Any:
    """Return what an invoked function returned."""
    with answer["Payload"] as body:
        return json.load(body)


def error_of(call: Callable[[], Any]) -> tuple[str, int]:
    """Return the code and the HTTP status of the error that a call must meet."""
    with pytest.raises(ClientError) as error:
        call()
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
