"""Lambda functions for tests: a few lines of Python, published."""

import io
import json
import zipfile
from collections.abc import Mapping

from tests.aws.endpoint import ACCOUNT, Endpoint

MODULE = "hook"
ROLE = "functions-of-tests"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def publish(
    aws: Endpoint,
    name: str,
    source: str,
    *,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: int = 10,
) -> str:
    """Make `source` the code of a function, and publish it.

    The function is created, with a role that may do nothing, if it is not there. Publishing the
    source that was published last changes nothing, as with Lambda.

    Args:
        source: Python that defines `handler(event, context)`.

    Returns:
        The number of the version.
    """
    functions = aws.client("lambda")
    known = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    if name in known:
        code = {"FunctionName": name, "ZipFile": zipped(source)}
        return str(functions.update_function_code(**code, Publish=True)["Version"])
    created = functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=_role(aws),
        Handler=f"{MODULE}.handler",
        Code={"ZipFile": zipped(source)},
        Environment={"Variables": dict(environment or {})},
        Timeout=timeout_seconds,
        Publish=True,
    )
    return str(created["Version"])


def zipped(source: str) -> bytes:
    """Return a deployment package that holds `source`."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{MODULE}.py"), source)
    return package.getvalue()


def _role(aws: Endpoint) -> str:
    iam = aws.client("iam")
    arn = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    if arn not in [role["Arn"] for role in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    return arn
