"""What a client meets behind the proxy, and what the emulator has executed of it."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ConnectionClosedError, ResponseStreamingError

from tests.aws.answers import error_of
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults, faults
from tests.aws.functions import publish

CLIENTS: dict[str, tuple[str, str, str]] = {
    "lambda": ("ListFunctions", "list_functions", "TooManyRequestsException"),
    "ecs": ("ListClusters", "list_clusters", "ThrottlingException"),
    "elbv2": ("DescribeTargetGroups", "describe_target_groups", "Throttling"),
    "cloudwatch": ("DescribeAlarms", "describe_alarms", "Throttling"),
    "autoscaling": ("DescribeAutoScalingGroups", "describe_auto_scaling_groups", "Throttling"),
    "ec2": ("DescribeInstances", "describe_instances", "RequestLimitExceeded"),
    "s3": ("ListBuckets", "list_buckets", "SlowDown"),
    "sns": ("ListTopics", "list_topics", "Throttling"),
}
"""An operation of each service that is used, its method, and how the service throttles."""


@pytest.fixture(scope="module")
def proxy(running_emulator: Emulator) -> Iterator[Faults]:
    with faults(running_emulator) as running:
        yield running


@pytest.fixture
def failing(aws: Emulator, proxy: Faults) -> Faults:
    """A proxy without rules, before an account with the alias `live` of `shop` on version 1."""
    proxy.clear()
    publish(aws, "shop", "def handler(event, context): return 1")
    publish(aws, "shop", "def handler(event, context): return 2")
    aws.client("lambda").create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    return proxy


def update(failing: Faults) -> None:
    """Point the alias to version 2, through the proxy."""
    failing.client("lambda").update_alias(FunctionName="shop", Name="live", FunctionVersion="2")


def executed(aws: Emulator) -> bool:
    alias = aws.client("lambda").get_alias(FunctionName="shop", Name="live")
    return bool(alias["FunctionVersion"] == "2")


def test_without_a_rule_calls_pass(aws: Emulator, failing: Faults) -> None:
    update(failing)

    assert executed(aws)


def test_a_throttled_call_is_not_executed(aws: Emulator, failing: Faults) -> None:
    failing.throttle("lambda", "UpdateAlias")

    error = error_of(lambda: update(failing))

    assert error == ("TooManyRequestsException", 429)
    assert not executed(aws)


def test_a_call_that_meets_a_server_error_is_not_executed(aws: Emulator, failing: Faults) -> None:
    failing.server_error("lambda", "UpdateAlias")

    error = error_of(lambda: update(failing))

    assert error == ("InternalFailure", 500)
    assert not executed(aws)


def test_a_lost_call_is_not_executed(aws: Emulator, failing: Faults) -> None:
    failing.lose_call("lambda", "UpdateAlias")

    with pytest.raises(ConnectionClosedError):
        update(failing)

    assert not executed(aws)


def test_a_call_whose_answer_is_lost_is_executed(aws: Emulator, failing: Faults) -> None:
    failing.lose_answer("lambda", "UpdateAlias")

    with pytest.raises(ConnectionClosedError):
        update(failing)

    assert executed(aws)


def test_a_delayed_call_is_executed(aws: Emulator, failing: Faults) -> None:
    rule = failing.delay("lambda", "UpdateAlias", milliseconds=50)

    update(failing)

    assert executed(aws)
    assert failing.fired(rule) == 1


@pytest.mark.parametrize("service", CLIENTS)
def test_every_service_throttles_in_its_own_words(failing: Faults, service: str) -> None:
    operation, method, code = CLIENTS[service]
    rule = failing.throttle(service, operation)

    error, _ = error_of(getattr(failing.client(service), method))

    assert (error, failing.fired(rule)) == (code, 1)


@pytest.mark.parametrize("service", CLIENTS)
def test_the_answer_of_every_service_can_be_lost(failing: Faults, service: str) -> None:
    operation, method, _ = CLIENTS[service]
    rule = failing.lose_answer(service, operation)

    with pytest.raises(ConnectionClosedError):
        getattr(failing.client(service), method)()

    assert failing.fired(rule) == 1


def test_the_payload_of_an_invocation_can_be_lost(failing: Faults) -> None:
    failing.lose_answer("lambda", "Invoke")

    with pytest.raises(ResponseStreamingError):
        failing.client("lambda").invoke(FunctionName="shop")["Payload"].read()


def test_a_rule_ends_after_its_number_of_calls(aws: Emulator, failing: Faults) -> None:
    rule = failing.throttle("lambda", "UpdateAlias", times=2)

    errors = [error_of(lambda: update(failing))[0] for _ in range(2)]
    update(failing)

    assert errors == ["TooManyRequestsException"] * 2
    assert executed(aws)
    assert failing.fired(rule) == 2


def test_rules_of_one_operation_apply_one_a_call_in_order(failing: Faults) -> None:
    failing.throttle("lambda", "UpdateAlias")
    failing.server_error("lambda", "UpdateAlias")

    errors = [error_of(lambda: update(failing))[0] for _ in range(2)]

    assert errors == ["TooManyRequestsException", "InternalFailure"]


def test_a_rule_leaves_other_operations_alone(failing: Faults) -> None:
    rule = failing.throttle("lambda", "UpdateAlias")

    failing.client("lambda").get_alias(FunctionName="shop", Name="live")

    assert failing.fired(rule) == 0


def test_cleared_rules_do_not_fire(aws: Emulator, failing: Faults) -> None:
    failing.throttle("lambda", "UpdateAlias")

    failing.clear()
    update(failing)

    assert executed(aws)
