import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from temporalio.exceptions import ApplicationError

from activities.aws import asking
from codedeploy.errors import ErrorCode

AT = "http://127.0.0.1:1/"
TASKS = "Desired count exceeds limit."
TASK_SETS = (
    "5 deployments exist on the service. Unable to create new TaskSet since this exceeds the "
    "maximum limit."
)
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE"


def said(code: str, status: int = 400, words: str = "No.") -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "req-1"}
    error = {"Code": code, "Message": words}
    return ClientError({"Error": error, "ResponseMetadata": metadata}, "UpdateAlias")


def meaning(
    error: Exception,
    action: str = "lambda:UpdateAlias",
    otherwise: ErrorCode = ErrorCode.INVALID_LAMBDA_FUNCTION,
) -> ApplicationError:
    with (
        pytest.raises(ApplicationError) as raised,
        asking(action, "shop:live", otherwise=otherwise, advice="Mend it."),
    ):
        raise error
    return raised.value


@pytest.mark.parametrize(
    "error",
    [
        said("Throttling"),
        said("ThrottlingException"),
        said("RequestLimitExceeded", 503),
        said("TooManyRequestsException", 429),
        said("Brandnew", 429),
    ],
    ids=str,
)
def test_too_many_calls_are_made_again(error: ClientError) -> None:
    found = meaning(error)

    assert (found.type, found.non_retryable) == ("THROTTLED", False)


@pytest.mark.parametrize(
    "error",
    [
        said("InternalFailure", 500),
        said("ServerException", 500),
        said("ServiceUnavailable", 503),
        said("", 502),
        said("PreconditionFailedException", 412),
        said("ResourceConflictException", 409),
        EndpointConnectionError(endpoint_url=AT),
        ConnectionClosedError(endpoint_url=AT),
        ReadTimeoutError(endpoint_url=AT),
    ],
    ids=repr,
)
def test_what_passes_is_tried_again(error: ClientError | BotoCoreError) -> None:
    found = meaning(error)

    assert (found.type, found.non_retryable) == ("INTERNAL_ERROR", False)
    assert found.message.startswith("lambda:UpdateAlias on shop:live: ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (said("AccessDeniedException", 403), "IAM_ROLE_PERMISSIONS"),
        (said("AccessDenied", 403), "IAM_ROLE_PERMISSIONS"),
        (said("UnauthorizedOperation", 403), "IAM_ROLE_PERMISSIONS"),
        (said("", 403), "IAM_ROLE_PERMISSIONS"),
        (said("ExpiredTokenException", 403), "IAM_ROLE_PERMISSIONS"),
        (said("UnrecognizedClientException", 400), "IAM_ROLE_PERMISSIONS"),
        (said("LimitExceededException"), "RESOURCE_LIMIT_EXCEEDED"),
        (said("ServiceQuotaExceededException", 402), "RESOURCE_LIMIT_EXCEEDED"),
        (said("TooManyTargetGroups"), "RESOURCE_LIMIT_EXCEEDED"),
        (said("ENILimitReachedException", 502), "RESOURCE_LIMIT_EXCEEDED"),
        (said("InvalidParameterException", words=TASK_SETS), "RESOURCE_LIMIT_EXCEEDED"),
        (said("InvalidParameterException", words=TASKS), "RESOURCE_LIMIT_EXCEEDED"),
        (said("ResourceNotFoundException", 404), "INVALID_LAMBDA_FUNCTION"),
        (said("InvalidParameterValueException"), "INVALID_LAMBDA_FUNCTION"),
        (said("InvalidRuntimeException", 502), "INVALID_LAMBDA_FUNCTION"),
        (said("KMSAccessDeniedException", 502), "IAM_ROLE_PERMISSIONS"),
        (ParamValidationError(report="name is empty"), "INVALID_LAMBDA_FUNCTION"),
        (SSLError(endpoint_url=AT, error="self-signed"), "INVALID_LAMBDA_FUNCTION"),
        (NoCredentialsError(), "IAM_ROLE_MISSING"),
    ],
    ids=repr,
)
def test_what_no_repetition_cures_ends_a_deployment(
    error: ClientError | BotoCoreError, code: str
) -> None:
    found = meaning(error)

    assert (found.type, found.non_retryable) == (code, True)


def test_a_refusal_names_action_resource_request_and_next_step() -> None:
    found = meaning(said("ResourceNotFoundException", 404, "Cannot find alias."))

    assert found.message == (
        "lambda:UpdateAlias on shop:live is refused: ResourceNotFoundException (Cannot find "
        "alias), request req-1. Mend it."
    )


def test_a_denial_names_the_action_to_allow() -> None:
    found = meaning(said("AccessDeniedException", 403))

    assert "Allow lambda:UpdateAlias to the role that the deployment group names" in found.message


def test_a_denial_of_another_action_names_that_one() -> None:
    words = "User: arn:aws:iam::1:role/r is not authorized to perform: iam:PassRole on resource: x"

    found = meaning(said("AccessDeniedException", 400, words))

    assert "Allow iam:PassRole to the role" in found.message


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError", "NoSuchEntity"])
def test_a_role_that_cannot_be_assumed_is_missing(code: str) -> None:
    found = meaning(said(code, 403), "sts:AssumeRole", ErrorCode.IAM_ROLE_MISSING)

    assert found.type == "IAM_ROLE_MISSING"
    assert found.message.endswith("Mend it.")


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"Error": {}},
        {"Error": {"Code": None, "Message": None}, "ResponseMetadata": {}},
        {"Error": {"Code": 404}, "ResponseMetadata": {"HTTPStatusCode": None}},
    ],
    ids=str,
)
def test_an_answer_without_form_is_a_refusal(response: dict[str, object]) -> None:
    found = meaning(ClientError(response, "UpdateAlias"))

    assert found.type == "INVALID_LAMBDA_FUNCTION"
    assert found.message.endswith(". Mend it.")


def test_long_words_are_cut() -> None:
    assert len(meaning(said("ValidationException", 400, "x" * 10_000)).message) < 1000


def test_the_words_about_a_wrong_signature_are_left_out_for_they_hold_the_token() -> None:
    words = f"The canonical string should have been 'x-amz-security-token:{TOKEN}'"

    found = meaning(said("SignatureDoesNotMatch", 403, words))

    assert found.type == "IAM_ROLE_PERMISSIONS"
    assert TOKEN not in found.message
    assert found.__cause__ is None
    assert found.__suppress_context__


def test_the_words_of_a_credential_process_are_left_out() -> None:
    failure = CredentialRetrievalError(provider="custom-process", error_msg=TOKEN)

    found = meaning(failure)

    assert "custom-process gave the worker no credentials" in found.message
    assert TOKEN not in found.message
    assert not found.non_retryable


def test_errors_of_the_domain_pass() -> None:
    error = ApplicationError("as it is", type="IAM_ROLE_MISSING")

    assert meaning(error) is error
