"""What moto lacks of Lambda: code that runs, aliases that split, revisions that guard.

Source: Lambda API Reference, Invoke and UpdateAlias; Lambda Developer Guide, "Implement Lambda
canary deployments using a weighted alias".
"""

import json
import random
import threading
import uuid
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
)
from moto.awslambda.models import LambdaAlias, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.awslambda_simple.models import LambdaSimpleBackend

from tests.aws.extension import Method, replace
from tests.aws.lambda_execution import Execution

LATEST = "$LATEST"
_NOTHING = b"{}"
_one_update_at_a_time = threading.RLock()


def install() -> None:
    """Add it to moto, in this process."""
    replace(LambdaResponse, "invoke", _invoke_with_qualifier)
    replace(LambdaResponse, "update_alias", _update_alias_if_unchanged)
    replace(LambdaSimpleBackend, "invoke", lambda _: _invoke)
    replace(LambdaStorage, "put_alias", _put_checked_alias)
    replace(LambdaStorage, "update_alias", _update_checked_alias)
    replace(LambdaAlias, "update", _update_to_a_new_revision)


# --- invoking


def _invoke_with_qualifier(original: Method) -> Method:
    """moto reads `qualifier`; the wire says `Qualifier`."""

    def invoke(response: LambdaResponse) -> Any:
        if asked := response.querystring.get("Qualifier"):
            response.querystring["qualifier"] = asked
        return original(response)

    return invoke


def _invoke(
    backend: LambdaSimpleBackend,
    function_name: str,
    qualifier: str | None,
    body: str | bytes | None,
    headers: Any,
    response_headers: dict[str, str],
) -> bytes:
    """Run the function; moto's own backend only echoes."""
    name, asked = _split(function_name, qualifier)
    function = backend.get_function(name, _choose_version(backend, name, asked))
    execution = Execution(function, _event(body), qualifier=asked)
    response_headers["X-Amz-Executed-Version"] = execution.version
    match headers.get("X-Amz-Invocation-Type"):
        case "DryRun":
            return b""
        case "Event":
            threading.Thread(target=execution.run, daemon=True).start()
            return b""
    outcome = execution.run()
    response_headers["x-amz-log-result"] = outcome.log_tail
    if outcome.failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    return outcome.payload


def _split(function_name: str, qualifier: str | None) -> tuple[str, str | None]:
    """Part a name, a partial ARN or an ARN from the qualifier it may end with."""
    last = function_name.split(":function:")[-1]
    name, _, inside = last.partition(":")
    return name, inside or qualifier


def _choose_version(backend: LambdaSimpleBackend, name: str, qualifier: str | None) -> str | None:
    """Return the version that takes this invocation: an alias draws lots by its weights."""
    if qualifier is None or qualifier == LATEST or qualifier.isdigit():
        return qualifier
    alias = backend.get_alias(qualifier, name)
    weights = _weights(alias.routing_config)
    primary = 1 - sum(weights.values())
    versions = [alias.function_version, *weights]
    return random.choices(versions, [primary, *weights.values()])[0]


def _event(body: str | bytes | None) -> bytes:
    event = (body.encode() if isinstance(body, str) else body) or _NOTHING
    try:
        json.loads(event)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise LambdaClientError("InvalidRequestContentException", message) from None
    return event


# --- aliases


def _put_checked_alias(original: Method) -> Method:
    def put_alias(storage: LambdaStorage, *arguments: Any) -> LambdaAlias:
        _, function_name, version, _, routing = arguments
        _check_routes(storage, function_name, version, routing)
        alias: LambdaAlias = original(storage, *arguments)
        return alias

    return put_alias


def _update_checked_alias(original: Method) -> Method:
    def update_alias(storage: LambdaStorage, *arguments: Any) -> LambdaAlias:
        name, function_name, version, _, routing = arguments
        present = storage.get_alias(name, function_name)
        wanted_routing = present.routing_config if routing is None else routing
        wanted_version = version or present.function_version
        _check_routes(storage, function_name, wanted_version, wanted_routing)
        alias: LambdaAlias = original(storage, *arguments)
        return alias

    return update_alias


def _check_routes(storage: LambdaStorage, function_name: str, version: str, routing: Any) -> None:
    """Refuse what an alias cannot be split between."""
    weights = _weights(routing)
    if len(weights) > 1:
        raise InvalidParameterValueException("AdditionalVersionWeights has more than 1 item")
    for added, weight in weights.items():
        storage.get_function_by_name_or_arn_with_qualifier(function_name, added)
        if wrong := _wrong_split(version, added, weight):
            raise InvalidParameterValueException(wrong)


def _wrong_split(version: str, added: str, weight: float) -> str | None:
    if LATEST in (version, added):
        return f"{LATEST} is not supported for an alias pointing to more than 1 version"
    if added == version:
        return f"Version {version} is already the alias's own"
    return None if 0 <= weight <= 1 else f"Weight {weight} is not between 0.0 and 1.0"


def _weights(routing: Any) -> dict[str, float]:
    return dict((routing or {}).get("AdditionalVersionWeights") or {})


def _update_to_a_new_revision(original: Method) -> Method:
    def update(
        alias: LambdaAlias, description: str | None, function_version: str | None, routing: Any
    ) -> None:
        if routing is not None and not _weights(routing):
            routing = {}
        original(alias, description, function_version, routing)
        alias.revision_id = str(uuid.uuid4())

    return update


def _update_alias_if_unchanged(original: Method) -> Method:
    def update_alias(response: LambdaResponse) -> Any:
        *_, function_name, _, alias_name = map(unquote, response.path.split("/"))
        with _one_update_at_a_time:
            known = response.json_body.get("RevisionId")
            alias = response.backend.get_alias(alias_name, function_name)
            if known is not None and known != alias.revision_id:
                raise PreconditionFailedException(
                    "The Revision Id provided does not match the latest Revision Id. Call the "
                    "GetFunction/GetAlias API to retrieve the latest Revision Id"
                )
            return original(response)

    return update_alias
