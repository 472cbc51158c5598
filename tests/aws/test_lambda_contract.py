"""The versions and aliases of the emulated Lambda, as AWS documents them."""

from collections import Counter
from typing import Any

import pytest

from tests.aws.answers import error_of, payload
from tests.aws.emulator import Emulator
from tests.aws.functions import publish

SAYS_ITS_VERSION = "def handler(event, context): return context.function_version  # {}"


@pytest.fixture
def functions(aws: Emulator) -> Any:
    return aws.client("lambda")


@pytest.fixture
def shop(aws: Emulator, functions: Any) -> Any:
    """A function with versions 1 and 2, and the alias `live` on version 1."""
    for number in (1, 2):
        publish(aws, "shop", SAYS_ITS_VERSION.format(number))
    return functions.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")


# --- versions


def test_a_qualifier_chooses_the_version(functions: Any, shop: Any) -> None:
    answers = [functions.invoke(FunctionName="shop", Qualifier=one) for one in ("1", "2")]

    assert [payload(answer) for answer in answers] == ["1", "2"]
    assert [answer["ExecutedVersion"] for answer in answers] == ["1", "2"]


@pytest.mark.parametrize(
    "name",
    ["shop:2", "arn:aws:lambda:us-east-1:123456789012:function:shop:2"],
    ids=["partial ARN", "ARN"],
)
def test_the_name_may_end_with_the_version(functions: Any, shop: Any, name: str) -> None:
    assert payload(functions.invoke(FunctionName=name)) == "2"


def test_publishing_what_is_published_makes_no_new_version(aws: Emulator, functions: Any) -> None:
    publish(aws, "shop", SAYS_ITS_VERSION)

    assert functions.publish_version(FunctionName="shop")["Version"] == "1"


@pytest.mark.parametrize("qualifier", ["9", "nobody"], ids=["version", "alias"])
def test_what_is_not_there_is_not_found(functions: Any, shop: Any, qualifier: str) -> None:
    missing = {"FunctionName": "shop", "Qualifier": qualifier}

    looked_up = error_of(lambda: functions.get_function(**missing))
    invoked = error_of(lambda: functions.invoke(**missing))

    assert looked_up == invoked == ("ResourceNotFoundException", 404)


# --- aliases


def test_an_alias_runs_the_version_it_points_to(functions: Any, shop: Any) -> None:
    before = functions.invoke(FunctionName="shop", Qualifier="live")["ExecutedVersion"]

    functions.update_alias(FunctionName="shop", Name="live", FunctionVersion="2")

    after = functions.invoke(FunctionName="shop", Qualifier="live")["ExecutedVersion"]
    assert (before, after) == ("1", "2")


def test_weights_split_the_invocations_of_an_alias(functions: Any, shop: Any) -> None:
    functions.update_alias(
        FunctionName="shop", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )

    answers = [functions.invoke(FunctionName="shop", Qualifier="live") for _ in range(30)]

    executed = Counter(answer["ExecutedVersion"] for answer in answers)
    # Either side being empty has a chance of one in 500 million.
    assert set(executed) == {"1", "2"}
    assert Counter(map(payload, answers)) == executed


@pytest.mark.parametrize(("weight", "executed"), [(0.0, "1"), (1.0, "2")], ids=["none", "all"])
def test_a_weight_at_its_bound_sends_everything_one_way(
    functions: Any, shop: Any, weight: float, executed: str
) -> None:
    routing = {"AdditionalVersionWeights": {"2": weight}}
    functions.update_alias(FunctionName="shop", Name="live", RoutingConfig=routing)

    answers = [functions.invoke(FunctionName="shop", Qualifier="live") for _ in range(5)]

    assert {answer["ExecutedVersion"] for answer in answers} == {executed}


def test_weights_stay_until_they_are_taken_away(functions: Any, shop: Any) -> None:
    routing = {"AdditionalVersionWeights": {"2": 0.1}}
    alias = {"FunctionName": "shop", "Name": "live"}
    functions.update_alias(**alias, RoutingConfig=routing)

    described = functions.update_alias(**alias, Description="words only")
    taken_away = functions.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})

    assert described["RoutingConfig"] == routing
    assert "RoutingConfig" not in taken_away
    assert "RoutingConfig" not in functions.get_alias(**alias)


def test_every_update_of_an_alias_makes_a_new_revision(functions: Any, shop: Any) -> None:
    alias = {"FunctionName": "shop", "Name": "live"}

    same = functions.update_alias(**alias, FunctionVersion="1")
    again = functions.update_alias(**alias, FunctionVersion="1")

    assert len({shop["RevisionId"], same["RevisionId"], again["RevisionId"]}) == 3
    assert functions.get_alias(**alias)["RevisionId"] == again["RevisionId"]


def test_an_update_of_a_revision_that_is_gone_changes_nothing(functions: Any, shop: Any) -> None:
    alias = {"FunctionName": "shop", "Name": "live"}
    present = functions.update_alias(**alias, FunctionVersion="1")

    refusal = error_of(
        lambda: functions.update_alias(**alias, FunctionVersion="2", RevisionId=shop["RevisionId"])
    )

    assert refusal == ("PreconditionFailedException", 412)
    kept = functions.get_alias(**alias)
    assert (kept["FunctionVersion"], kept["RevisionId"]) == ("1", present["RevisionId"])


def test_an_update_of_the_present_revision_is_carried_out(functions: Any, shop: Any) -> None:
    updated = functions.update_alias(
        FunctionName="shop", Name="live", FunctionVersion="2", RevisionId=shop["RevisionId"]
    )

    assert updated["FunctionVersion"] == "2"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"FunctionVersion": "9"}, "ResourceNotFoundException", id="version missing"),
        pytest.param(
            {"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.1}}},
            "ResourceNotFoundException",
            id="routed version missing",
        ),
        pytest.param(
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}}},
            "InvalidParameterValueException",
            id="two routed versions",
        ),
        pytest.param(
            {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}}},
            "InvalidParameterValueException",
            id="routed to itself",
        ),
        pytest.param(
            {
                "FunctionVersion": "$LATEST",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
            },
            "InvalidParameterValueException",
            id="split with $LATEST",
        ),
        pytest.param(
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 1.1}}},
            "InvalidParameterValueException",
            id="weight over one",
        ),
    ],
)
def test_an_alias_cannot_point_there(
    functions: Any, shop: Any, change: dict[str, Any], code: str
) -> None:
    refusal = error_of(lambda: functions.update_alias(FunctionName="shop", Name="live", **change))

    assert refusal[0] == code
    kept = functions.get_alias(FunctionName="shop", Name="live")
    assert (kept["FunctionVersion"], kept["RevisionId"]) == ("1", shop["RevisionId"])


def test_an_alias_cannot_be_created_on_a_version_that_is_missing(functions: Any, shop: Any) -> None:
    refusal = error_of(
        lambda: functions.create_alias(FunctionName="shop", Name="new", FunctionVersion="9")
    )

    assert refusal == ("ResourceNotFoundException", 404)
    assert [alias["Name"] for alias in functions.list_aliases(FunctionName="shop")["Aliases"]] == [
        "live"
    ]
