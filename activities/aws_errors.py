"""What AWS says when it does not do what it is asked, and what to do about it."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from temporalio.exceptions import ApplicationError

from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode

THROTTLED = "THROTTLED"
"""The type of an error that is retried because AWS got too many calls."""

_THROTTLES = frozenset(
    {
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "PreconditionFailedException",  # somebody changed it after it was read: read it again
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceConflictException",  # Lambda: another change is under way
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_LASTING = re.compile("Invalid|KMS|EFSMount|LimitReached|RecursiveInvocation")
"""What Lambda answers with a status of 500 and more although no repetition cures it."""

_LIMITS = re.compile("LimitExceeded|LimitReached|QuotaExceeded|^TooMany|StorageExceeded")
_LIMITS_IN_WORDS = re.compile("exceeds (the maximum )?limit")
"""How ECS says it, whose code for it is InvalidParameterException."""

_DENIALS = re.compile("AccessDenied|Unauthorized|NotAuthorized|^AuthorizationError")
_CREDENTIALS = re.compile(
    "ClientToken|UnrecognizedClient|ExpiredToken|InvalidToken|Signature|AuthenticationToken"
    "|AccessKeyId|RequestExpired|^AuthFailure"
)
_NEEDED = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_MOST_WORDS = 600

_BROKEN = (NoConnectionError, HTTPClientError, IncompleteReadError)
_CORRECT_THEM = "Correct the AWS credentials of the worker."
_GIVE_IT_SOME = (
    "Give its machine a role, or its environment AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)


@dataclass(frozen=True)
class Call:
    """What was asked of AWS: see `activities.aws.asking`."""

    action: str
    resource: str
    otherwise: ErrorCode
    advice: str

    @property
    def shown(self) -> str:
        """The call, as messages begin with it."""
        return f"{self.action} on {self.resource}"


def is_not_found(error: ClientError) -> bool:
    """Whether AWS says that what was asked for does not exist."""
    code = _code(error)
    return "NotFound" in code or "NoSuch" in code or _status(error) == 404


def answered(error: ClientError, call: Call) -> ApplicationError:
    """Return the meaning of an error that AWS answers."""
    code = _code(error)
    if code in _THROTTLES or _status(error) == 429:
        return _passing(THROTTLED, f"{call.shown}: {_said(error)}. AWS got too many calls.")
    if code in _PASSING or (_status(error) >= 500 and not _LASTING.search(code)):
        return _passing(ErrorCode.INTERNAL_ERROR, f"{call.shown}: {_said(error)}.")
    meaning, advice = _refusal(error, call)
    return final(DeploymentFailure(meaning, f"{call.shown} is refused: {_said(error)}. {advice}"))


def broken(error: BotoCoreError, call: Call) -> ApplicationError:
    """Return the meaning of an error on the way to AWS."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        sentence = f"the worker has no AWS credentials: {error}. {_GIVE_IT_SOME}"
        return final(DeploymentFailure(ErrorCode.IAM_ROLE_MISSING, f"{call.shown}: {sentence}"))
    if isinstance(error, CredentialRetrievalError):
        # What a credential process printed may be a secret.
        sentence = f"{error.kwargs.get('provider')} gave the worker no credentials. {_CORRECT_THEM}"
        return _passing(ErrorCode.IAM_ROLE_MISSING, f"{call.shown}: {sentence}")
    if isinstance(error, _BROKEN) and not isinstance(error, SSLError):
        return _passing(ErrorCode.INTERNAL_ERROR, f"{call.shown}: AWS was not reached: {error}")
    return final(
        DeploymentFailure(call.otherwise, f"{call.shown} cannot be asked: {error} {call.advice}")
    )


def _passing(type_: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=type_)


def _refusal(error: ClientError, call: Call) -> tuple[ErrorCode, str]:
    """Return the code of a final refusal, and what to do."""
    code = _code(error)
    if _CREDENTIALS.search(code):
        return ErrorCode.IAM_ROLE_PERMISSIONS, _CORRECT_THEM
    if _LIMITS.search(code) or _LIMITS_IN_WORDS.search(_words(error)):
        return (
            ErrorCode.RESOURCE_LIMIT_EXCEEDED,
            "Have the quota raised (Service Quotas), or remove what is no longer used.",
        )
    if call.action == "sts:AssumeRole":
        return call.otherwise, call.advice
    if _DENIALS.search(code) or _status(error) == 403:
        return ErrorCode.IAM_ROLE_PERMISSIONS, _allow(error, call)
    return call.otherwise, call.advice


def _allow(error: ClientError, call: Call) -> str:
    named = _NEEDED.search(_words(error))
    action = named[1] if named else call.action
    return (
        f"Allow {action} to the role that the deployment group names (serviceRoleArn), or, if it "
        "names none, to the worker's own credentials."
    )


def _said(error: ClientError) -> str:
    """Return code, words and request id, as AWS gives them."""
    code = _code(error) or f"status {_status(error)}"
    words = "" if _CREDENTIALS.search(code) else _words(error)
    request = _metadata(error).get("RequestId")
    return f"{code}{f' ({words})' if words else ''}{f', request {request}' if request else ''}"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "")


def _words(error: ClientError) -> str:
    words = str(error.response.get("Error", {}).get("Message") or "").strip().rstrip(".")
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}..."


def _status(error: ClientError) -> int:
    return int(_metadata(error).get("HTTPStatusCode") or 0)


def _metadata(error: ClientError) -> dict[str, Any]:
    metadata: dict[str, Any] = error.response.get("ResponseMetadata", {})
    return metadata
