"""What S3 says when it does not hand an object out, and what to do about it."""

from typing import TYPE_CHECKING

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
from botocore.exceptions import ConnectionError as AwsConnectionError

from activities.sources.source import Hiccup
from codedeploy.errors import InvalidRevision

if TYPE_CHECKING:
    from activities.sources.s3 import S3Object

_PASSING = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "RequestLimitExceeded"}
)
_BROKEN = (AwsConnectionError, HTTPClientError, IncompleteReadError, CredentialRetrievalError)
_GONE = "Check the name, or push the bundle again and deploy it anew."
_ELSEWHERE = "The bucket is in another region{region}: set AWS_REGION to that."
_CREDENTIALS = "Correct the AWS credentials of this machine."
_NEXT_STEPS = {
    "AccessDenied": (
        "Allow {actions} on arn:aws:s3:::{bucket}/{key} to the credentials of this machine. "
        "Without s3:ListBucket, S3 says the same of an object that does not exist."
    ),
    "NoSuchKey": _GONE,
    "NoSuchBucket": _GONE,
    "NoSuchVersion": _GONE,
    "MethodNotAllowed": "That version marks a deletion: name another one.",
    "PermanentRedirect": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "PreconditionFailed": (
        "It is no longer what was pinned, eTag {e_tag}: push the bundle again and deploy it anew."
    ),
    "InvalidRange": (
        "It is shorter than when it was pinned: push the bundle again and deploy it anew."
    ),
    "InvalidObjectState": "It is archived: restore it, or copy it to another storage class.",
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
}


def answered(error: ClientError, place: "S3Object", shown: str) -> Exception:
    """Return the meaning of an error that S3 answers."""
    metadata = error.response.get("ResponseMetadata", {})
    code = error.response["Error"].get("Code", "an error without a code")
    status = metadata.get("HTTPStatusCode", 0)
    if status >= 500 or status == 429 or code in _PASSING:
        return Hiccup(f"S3 answers {code}")
    step = _NEXT_STEPS.get(code, "See what S3 says to that.").format(
        actions="s3:GetObject" + ("Version" if place.version else ""),
        bucket=place.bucket,
        key=place.key,
        e_tag=place.e_tag,
        region=_region(error),
    )
    said = error.response["Error"].get("Message", "").rstrip(".")
    request = metadata.get("RequestId")
    return InvalidRevision(
        f"{shown}{_version(place)}: {error.operation_name} is refused with {code}"
        f"{f' ({said})' if said else ''}{f', request {request}' if request else ''}. {step}"
    )


def broken(error: BotoCoreError, shown: str) -> Exception:
    """Return the meaning of an error on the way to S3."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return InvalidRevision(
            f"{shown}: this machine has no AWS credentials ({error}). Give it a role, or the "
            "process AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if isinstance(error, _BROKEN) and not isinstance(error, SSLError):
        return Hiccup(str(error))
    return InvalidRevision(
        f"{shown} cannot be asked for: {error}. Correct the location or AWS_...."
    )


def _version(place: "S3Object") -> str:
    return f" (version {place.version})" if place.version else ""


def _region(error: ClientError) -> str:
    said = error.response["Error"].get("Region")
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = said or headers.get("x-amz-bucket-region")
    return f", {region}" if region else ""
