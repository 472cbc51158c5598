"""What moto lacks of IAM: errors as each service writes them, names as policies write them.

A policy's resources are not checked where moto does not know which resource a call is about, which
is nearly everywhere: an allowance for some resources allows all, a denial for some denies none.
`iam:PassRole` is not checked either.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

import json
import uuid
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, IAMRequest, IAMRequestBase
from werkzeug.exceptions import HTTPException

from tests.aws.extension import Method, replace

_ANY = "*"
_FORM = "x-www-form-urlencoded"
_SERVICES = {"monitoring": "cloudwatch"}
"""Names that requests are signed for, by the names that policies know."""

_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
}
"""Operations that need the permission of another name."""


def install() -> None:
    """Add it to moto, in this process."""
    replace(IAMRequestBase, "__init__", _name_as_policies_do)
    replace(IAMRequestBase, "_create_aws_request", _sign_what_was_sent)
    replace(IAMPolicyStatement, "_check_element_matches", _match_unknown_resources)
    replace(IAMRequest, "_raise_access_denied", lambda _: _deny)
    replace(IAMRequest, "_raise_signature_does_not_match", lambda _: _doubt_signature)
    replace(IAMRequest, "_raise_invalid_access_key", lambda _: _doubt_key)


# --- what is asked


def _name_as_policies_do(original: Method) -> Method:
    def create(request: Any, *arguments: Any, **named: Any) -> None:
        original(request, *arguments, **named)
        service, _, operation = request._action.partition(":")
        action = f"{_SERVICES.get(service, service)}:{operation}"
        request._action = _ACTIONS.get(action, action)

    return create


def _sign_what_was_sent(original: Method) -> Method:
    """moto signs what it has read out of the path, where a request has no body; forms excepted."""

    def create_aws_request(request: Any) -> Any:
        if _FORM in request._headers.get("Content-Type", ""):
            return original(request)
        read, request._data = request._data, {}
        try:
            return original(request)
        finally:
            request._data = read

    return create_aws_request


def _match_unknown_resources(original: Method) -> Method:
    """moto passes `*` for a resource it does not know, and finds it in no narrower pattern."""

    def check(statement: Any, element: str, value: str) -> bool:
        if element == "Resource" and value == _ANY and statement._statement["Effect"] == "Allow":
            return True
        return bool(original(statement, element, value))

    return check


# --- how it is refused


def _deny(request: Any) -> None:
    message = (
        f"User: {request._access_key.arn} is not authorized to perform: {request._action} on "
        f"resource: {_ANY} because no identity-based policy allows the {request._action} action"
    )
    code = {"ec2": "UnauthorizedOperation"}.get(request._service, "AccessDenied")
    raise _refusal(request, code, message)


def _doubt_signature(request: Any) -> None:
    message = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details."
    )
    code = {"ec2": "AuthFailure"}.get(request._service, "SignatureDoesNotMatch")
    raise _refusal(request, code, message)


def _doubt_key(request: Any, _: str) -> None:
    message = "The security token included in the request is invalid."
    code = {"ec2": "AuthFailure"}.get(request._service, "InvalidClientTokenId")
    raise _refusal(request, code, message)


_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
}


def _refusal(request: Any, code: str, message: str) -> HTTPException:
    """Return the error in the protocol that the request speaks."""
    if request._service == "lambda" or "X-Amz-Target" in request._headers:
        body = json.dumps({"__type": _JSON_CODES.get(code, code), "message": message})
    else:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        where = f"<RequestId>{uuid.uuid4()}</RequestId>"
        body = f"<ErrorResponse>{error}{where}</ErrorResponse>"
        if request._service == "ec2":
            body = f"<Response><Errors>{error}</Errors>{where}</Response>"
    refusal = HTTPException(body)
    refusal.code = 400 if "X-Amz-Target" in request._headers else 403
    return refusal
