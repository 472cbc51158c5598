import pytest

from codedeploy.appspec import LambdaAppSpec
from codedeploy.errors import DeploymentFailure
from codedeploy.lambda_alias import AliasRoute, AliasState, check_alias, is_no_op

APPSPEC = LambdaAppSpec(function_name="checkout", alias="live", current_version=1, target_version=2)


def alias(version: str, **weights: float) -> AliasState:
    parts = {name.removeprefix("v"): part for name, part in weights.items()}
    return AliasState(function_name="checkout", alias="live", version=version, weights=parts)


def route(percent: int) -> AliasRoute:
    return AliasRoute(
        function_name="checkout", alias="live", original=1, target=2, target_percent=percent
    )


@pytest.mark.parametrize(
    ("percent", "version", "weights"),
    [(0, "1", {}), (10, "1", {"2": 0.1}), (99, "1", {"2": 0.99}), (100, "2", {})],
)
def test_an_alias_is_divided_only_while_traffic_moves(
    percent: int, version: str, weights: dict[str, float]
) -> None:
    assert (route(percent).version, route(percent).weights) == (version, weights)


def test_a_route_knows_when_it_is_reached() -> None:
    assert route(10).is_reached_in(alias("1", v2=0.1))
    assert not route(10).is_reached_in(alias("1"))


@pytest.mark.parametrize("state", [alias("7"), alias("1", v7=0.5), alias("$LATEST")], ids=repr)
def test_a_version_that_is_not_ours_was_put_there_by_somebody_else(state: AliasState) -> None:
    assert route(0).is_foreign(state)


@pytest.mark.parametrize("state", [alias("1"), alias("2"), alias("1", v2=0.3)], ids=repr)
def test_every_state_of_our_own_shifts_is_ours(state: AliasState) -> None:
    assert not route(0).is_foreign(state)


def test_an_alias_at_current_version_can_be_moved() -> None:
    check_alias(APPSPEC, alias("1"))


def test_an_alias_that_is_there_already_needs_nothing() -> None:
    check_alias(APPSPEC, alias("2"))

    assert is_no_op(APPSPEC, alias("2"))
    assert not is_no_op(APPSPEC, alias("2", v1=0.5))


def test_an_alias_elsewhere_is_refused_with_what_was_expected_and_found() -> None:
    with pytest.raises(DeploymentFailure, match=r"points to version 5: expected CurrentVersion 1"):
        check_alias(APPSPEC, alias("5"))


def test_going_back_takes_the_current_version_as_it_is_found() -> None:
    check_alias(APPSPEC, alias("5"), takes_current_as_found=True)


@pytest.mark.parametrize("takes_as_found", [False, True])
def test_an_alias_of_what_is_not_published_is_refused_with_the_cure(takes_as_found: bool) -> None:
    with pytest.raises(DeploymentFailure, match=r"points to \$LATEST: expected a pub") as refused:
        check_alias(APPSPEC, alias("$LATEST"), takes_current_as_found=takes_as_found)

    assert refused.value.code == "INVALID_LAMBDA_CONFIGURATION"
    assert "--function-name checkout --name live --function-version" in refused.value.message


def test_a_divided_alias_is_refused_with_its_shares_and_the_cure() -> None:
    with pytest.raises(DeploymentFailure) as refused:
        check_alias(APPSPEC, alias("1", v2=0.1))

    assert refused.value.code == "INVALID_LAMBDA_CONFIGURATION"
    assert "90% to 1, 10% to 2" in refused.value.message
    assert "aws lambda update-alias" in refused.value.message


def test_versions_that_do_not_exist_are_named() -> None:
    missing = alias("1").model_copy(update={"missing_versions": (2,)})

    with pytest.raises(DeploymentFailure, match="checkout has no version 2") as refused:
        check_alias(APPSPEC, missing)

    assert refused.value.code == "INVALID_LAMBDA_FUNCTION"
