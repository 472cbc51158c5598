"""Aliases of Lambda functions: where they point, and pointing them elsewhere."""

from typing import Any

from temporalio import activity

from activities.aws import Aws, asking
from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.lambda_alias import AliasQuestion, AliasRoute, AliasState

_CORRECT_NAME = (
    "Create it in the worker's account and region, or correct Name and Alias in the AppSpec file."
)


class LambdaFunctions:
    """Functions in the account and region of the worker, or of the role that a group names."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @activity.defn(name="look_at_alias", no_thread_cancel_exception=True)
    def look(self, question: AliasQuestion) -> AliasState:
        """Return where an alias points, and which of the versions do not exist; reads only.

        Raises:
            ApplicationError: INVALID_LAMBDA_FUNCTION, there is no such function or alias.
        """
        client = self._aws.client("lambda", question.role_arn)
        _check_function(client, question.function_name)
        missing = tuple(
            version
            for version in question.versions
            if not _has_version(client, question.function_name, version)
        )
        alias = _read(client, question.function_name, question.alias)
        return _state(question.function_name, alias, missing)

    @activity.defn(name="route_alias", no_thread_cancel_exception=True)
    def route(self, route: AliasRoute) -> None:
        """Divide the traffic of an alias; a second call changes nothing.

        The alias is changed only if it still is what was read: whoever else moves it is noticed,
        before or in between, and what they did is left alone.

        Raises:
            ApplicationError: INVALID_LAMBDA_CONFIGURATION, somebody else moved the alias.
        """
        client = self._aws.client("lambda", route.role_arn)
        alias = _read(client, route.function_name, route.alias)
        state = _state(route.function_name, alias)
        if route.is_reached_in(state):
            return
        if route.is_foreign(state):
            raise _moved(route, state)
        with asking(
            "lambda:UpdateAlias",
            f"alias {route.function_name}:{route.alias}",
            otherwise=ErrorCode.INVALID_LAMBDA_CONFIGURATION,
        ):
            client.update_alias(
                FunctionName=route.function_name,
                Name=route.alias,
                FunctionVersion=route.version,
                RoutingConfig={"AdditionalVersionWeights": route.weights},
                RevisionId=alias["RevisionId"],
            )


def _check_function(client: Any, name: str) -> None:
    with asking(
        "lambda:GetFunctionConfiguration",
        f"function {name}",
        otherwise=ErrorCode.INVALID_LAMBDA_FUNCTION,
        advice=_CORRECT_NAME,
    ):
        client.get_function_configuration(FunctionName=name)


def _has_version(client: Any, name: str, version: int) -> bool:
    from botocore.exceptions import ClientError

    from activities.aws_errors import is_not_found

    with asking(
        "lambda:GetFunctionConfiguration",
        f"function {name}, version {version}",
        otherwise=ErrorCode.INVALID_LAMBDA_FUNCTION,
    ):
        try:
            client.get_function_configuration(FunctionName=name, Qualifier=str(version))
        except ClientError as error:
            if is_not_found(error):
                return False
            raise
    return True


def _read(client: Any, function_name: str, alias: str) -> dict[str, Any]:
    with asking(
        "lambda:GetAlias",
        f"alias {function_name}:{alias}",
        otherwise=ErrorCode.INVALID_LAMBDA_FUNCTION,
        advice=_CORRECT_NAME,
    ):
        answer: dict[str, Any] = client.get_alias(FunctionName=function_name, Name=alias)
    return answer


def _state(function_name: str, alias: dict[str, Any], missing: tuple[int, ...] = ()) -> AliasState:
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return AliasState(
        function_name=function_name,
        alias=alias["Name"],
        version=alias["FunctionVersion"],
        weights={version: part for version, part in weights.items() if part},
        missing_versions=missing,
    )


def _moved(route: AliasRoute, state: AliasState) -> Exception:
    found = ", ".join(f"{part:.0%} to version {version}" for version, part in state.shares.items())
    cure = ", and point it to one version before the next deployment" if state.weights else ""
    return final(
        DeploymentFailure(
            ErrorCode.INVALID_LAMBDA_CONFIGURATION,
            f"Somebody else moved {route.function_name}:{route.alias}: expected versions "
            f"{route.original} and {route.target} only, found {found}. It was left alone. Find "
            f"out who moved it{cure}.",
        )
    )
