from collections.abc import Iterator

import pytest

from codedeploy.errors import (
    ApplicationDoesNotExist,
    DeploymentFailure,
    DoesNotExist,
    ErrorCode,
    InvalidInput,
    ManifestInvalid,
    Refused,
    RollwayError,
    from_code,
)


def subclasses(root: type[RollwayError]) -> Iterator[type[RollwayError]]:
    for subclass in root.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


PLAIN = sorted(
    (
        one
        for one in {*subclasses(RollwayError)} - {ManifestInvalid, DeploymentFailure}
        if one.__module__ == RollwayError.__module__
    ),
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("error_class", PLAIN, ids=lambda one: one.__name__)
def test_an_error_comes_off_the_wire_as_it_went_on(error_class: type[RollwayError]) -> None:
    error = error_class("shop: no.")

    returned = from_code(error.code, error.message)

    assert (type(returned), returned.message, returned.code) == (
        error_class,
        error.message,
        error.code,
    )


@pytest.mark.parametrize("code", ErrorCode)
def test_a_deployments_failure_comes_off_the_wire_as_it_went_on(code: ErrorCode) -> None:
    returned = from_code(DeploymentFailure(code, "why").code, "why")

    assert isinstance(returned, DeploymentFailure)
    assert (returned.error_code, returned.message) == (code, "why")


def test_a_broken_manifest_comes_back_as_invalid_input_with_all_its_problems() -> None:
    error = ManifestInvalid("shop.yml", ["no name", "no group"])

    returned = from_code(error.code, error.message)

    assert (type(returned), returned.message) == (InvalidInput, error.message)


@pytest.mark.parametrize("code", [None, "", "ThrottlingException", "no_instances"])
def test_an_unknown_code_is_a_refusal_that_keeps_its_message(code: str | None) -> None:
    returned = from_code(code, "try later")

    assert (type(returned), returned.message) == (Refused, "try later")


@pytest.mark.parametrize("error_class", PLAIN, ids=lambda one: one.__name__)
def test_every_error_decides_an_exit_code(error_class: type[RollwayError]) -> None:
    roots = [
        root for root in (InvalidInput, DoesNotExist, Refused) if issubclass(error_class, root)
    ]

    assert len(roots) == 1


def test_a_code_is_the_name_codedeploys_clients_know() -> None:
    assert ApplicationDoesNotExist("shop").code == "ApplicationDoesNotExistException"


def test_an_error_says_its_message() -> None:
    assert str(ApplicationDoesNotExist("shop: unknown")) == "shop: unknown"


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        (["no name"], "shop.yml has 1 problem:\n  - no name"),
        (["no name", "no group"], "shop.yml has 2 problems:\n  - no name\n  - no group"),
    ],
    ids=["one", "two"],
)
def test_a_manifests_problems_are_counted_and_listed(problems: list[str], message: str) -> None:
    assert ManifestInvalid("shop.yml", problems).message == message
