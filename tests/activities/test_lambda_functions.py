from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.lambda_functions import LambdaFunctions
from codedeploy.lambda_alias import AliasQuestion, AliasRoute, AliasState
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults
from tests.aws.functions import publish

TENTH = {"AdditionalVersionWeights": {"2": 0.1}}


@pytest.fixture
def lambda_(aws: Emulator) -> Any:
    """Function `shop` with versions 1, 2 and 3, and its alias `live` on version 1."""
    for number in (1, 2, 3):
        publish(aws, "shop", f"def handler(event, context): return {number}")
    client = aws.client("lambda")
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    return client


@pytest.fixture
def functions(clients: Aws, lambda_: Any) -> LambdaFunctions:
    return LambdaFunctions(clients)


def look(functions: LambdaFunctions, **asked: Any) -> AliasState:
    question = AliasQuestion(**{"function_name": "shop", "alias": "live"} | asked)
    return ActivityEnvironment().run(functions.look, question)


def route(functions: LambdaFunctions, percent: int, **asked: Any) -> None:
    there = {"function_name": "shop", "alias": "live", "original": 1, "target": 2} | asked
    ActivityEnvironment().run(functions.route, AliasRoute(**there, target_percent=percent))


def alias(lambda_: Any) -> tuple[str, dict[str, float]]:
    found = lambda_.get_alias(FunctionName="shop", Name="live")
    routing = found.get("RoutingConfig") or {}
    return found["FunctionVersion"], routing.get("AdditionalVersionWeights") or {}


def revision(lambda_: Any) -> str:
    return str(lambda_.get_alias(FunctionName="shop", Name="live")["RevisionId"])


# --- looking


def test_an_alias_says_where_it_points(functions: LambdaFunctions) -> None:
    state = look(functions, versions=(1, 2))

    assert state == AliasState(function_name="shop", alias="live", version="1")


def test_a_divided_alias_says_how(functions: LambdaFunctions, lambda_: Any) -> None:
    lambda_.update_alias(FunctionName="shop", Name="live", RoutingConfig=TENTH)

    assert look(functions).weights == {"2": 0.1}


def test_a_version_that_gets_nothing_divides_no_alias(
    functions: LambdaFunctions, lambda_: Any
) -> None:
    nothing = {"AdditionalVersionWeights": {"2": 0.0}}
    lambda_.update_alias(FunctionName="shop", Name="live", RoutingConfig=nothing)

    assert look(functions) == AliasState(function_name="shop", alias="live", version="1")


def test_versions_that_do_not_exist_are_missing(functions: LambdaFunctions) -> None:
    assert look(functions, versions=(1, 7, 2, 8)).missing_versions == (7, 8)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"function_name": "shap"}, r"lambda:GetFunctionConfiguration on function shap is refused"),
        ({"alias": "life"}, r"lambda:GetAlias on alias shop:life is refused"),
    ],
    ids=["function", "alias"],
)
def test_what_does_not_exist_is_named(
    functions: LambdaFunctions, asked: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ApplicationError, match=sentence) as refused:
        look(functions, **asked)

    assert (refused.value.type, refused.value.non_retryable) == ("INVALID_LAMBDA_FUNCTION", True)
    assert "correct Name and Alias in the AppSpec file" in refused.value.message


# --- routing


@pytest.mark.parametrize(
    ("percent", "reached"),
    [(0, ("1", {})), (10, ("1", {"2": 0.1})), (99, ("1", {"2": 0.99})), (100, ("2", {}))],
)
def test_traffic_is_divided(
    functions: LambdaFunctions, lambda_: Any, percent: int, reached: tuple[str, dict[str, float]]
) -> None:
    route(functions, 50)

    route(functions, percent)

    assert alias(lambda_) == reached


@pytest.mark.parametrize("percent", [0, 7, 29, 100])
def test_a_second_call_changes_nothing(
    functions: LambdaFunctions, lambda_: Any, percent: int
) -> None:
    route(functions, percent)
    before = revision(lambda_)

    route(functions, percent)

    assert revision(lambda_) == before


@pytest.mark.parametrize(
    ("elsewhere", "advice"),
    [
        ({"FunctionVersion": "3"}, "Find out who moved it."),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"3": 0.5}}},
            "Find out who moved it, and point it to one version before the next deployment.",
        ),
        ({"FunctionVersion": "$LATEST"}, "Find out who moved it."),
    ],
    ids=["another version", "a part to another version", "what is not published"],
)
def test_an_alias_that_somebody_else_moved_is_left_alone(
    functions: LambdaFunctions, lambda_: Any, elsewhere: dict[str, Any], advice: str
) -> None:
    lambda_.update_alias(FunctionName="shop", Name="live", **elsewhere)
    before = revision(lambda_)

    with pytest.raises(
        ApplicationError, match=r"Somebody else moved shop:live: .*left alone"
    ) as no:
        route(functions, 10)

    assert (no.value.type, no.value.non_retryable) == ("INVALID_LAMBDA_CONFIGURATION", True)
    assert no.value.message.endswith(advice)
    assert revision(lambda_) == before


def test_an_alias_that_is_moved_in_between_is_not_overwritten(
    functions: LambdaFunctions, clients: Aws, lambda_: Any
) -> None:
    def move(**_: Any) -> None:
        lambda_.update_alias(FunctionName="shop", Name="live", FunctionVersion="3")

    clients.client("lambda", None).meta.events.register("before-call.lambda.UpdateAlias", move)

    with pytest.raises(ApplicationError, match="PreconditionFailed") as refused:
        route(functions, 10)

    assert not refused.value.non_retryable
    assert alias(lambda_) == ("3", {})


def test_an_answer_that_is_lost_is_no_second_change(
    functions: LambdaFunctions, lambda_: Any, failing: Faults
) -> None:
    failing.lose_answer("lambda", "UpdateAlias")
    with pytest.raises(ApplicationError) as lost:
        route(functions, 10)
    changed = revision(lambda_)

    route(functions, 10)

    assert not lost.value.non_retryable
    assert alias(lambda_) == ("1", {"2": 0.1})
    assert revision(lambda_) == changed


def test_a_throttled_call_is_to_be_made_again(functions: LambdaFunctions, failing: Faults) -> None:
    failing.throttle("lambda", "UpdateAlias")

    with pytest.raises(ApplicationError, match="lambda:UpdateAlias on alias shop:live") as refused:
        route(functions, 10)

    assert (refused.value.type, refused.value.non_retryable) == ("THROTTLED", False)


def test_a_target_that_vanished_is_named(functions: LambdaFunctions, lambda_: Any) -> None:
    lambda_.delete_function(FunctionName="shop", Qualifier="2")

    with pytest.raises(ApplicationError, match=r"lambda:UpdateAlias on alias shop:live") as refused:
        route(functions, 10)

    assert refused.value.type == "INVALID_LAMBDA_CONFIGURATION"
    assert refused.value.non_retryable
