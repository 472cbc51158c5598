"""What the emulated alarms do as AWS documents it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator
from tests.aws.ministack import Ministack, ministack

ERRORS = {
    "AlarmName": "errors",
    "Namespace": "shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.fixture
def alarms(aws: Emulator) -> Any:
    client = aws.client("cloudwatch")
    client.put_metric_alarm(**ERRORS)
    return client


def described(alarms: Any, name: str = "errors") -> Any:
    kinds = alarms.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return (kinds["MetricAlarms"] + kinds["CompositeAlarms"])[0]


def set_state(alarms: Any, state: str, name: str = "errors") -> None:
    alarms.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"set to {state}")


# --- states


def test_a_new_alarm_has_insufficient_data(alarms: Any) -> None:
    assert described(alarms)["StateValue"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("state", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_the_state_is_what_was_set(alarms: Any, state: str) -> None:
    set_state(alarms, state)

    alarm = described(alarms)
    assert (alarm["StateValue"], alarm["StateReason"]) == (state, f"set to {state}")


def test_a_transition_is_a_change_of_the_value_only(alarms: Any) -> None:
    set_state(alarms, "ALARM")
    first = described(alarms)

    set_state(alarms, "ALARM")

    second = described(alarms)
    assert second["StateTransitionedTimestamp"] == first["StateTransitionedTimestamp"]
    assert second["StateUpdatedTimestamp"] > first["StateUpdatedTimestamp"]
    assert first["StateTransitionedTimestamp"] == first["StateUpdatedTimestamp"]


def test_an_updated_alarm_keeps_its_state(alarms: Any) -> None:
    set_state(alarms, "ALARM")

    alarms.put_metric_alarm(**{**ERRORS, "Threshold": 5})

    alarm = described(alarms)
    assert (alarm["StateValue"], alarm["Threshold"]) == ("ALARM", 5)


def test_alarms_are_found_by_their_state(alarms: Any) -> None:
    alarms.put_metric_alarm(**{**ERRORS, "AlarmName": "quiet"})
    set_state(alarms, "ALARM")

    firing = alarms.describe_alarms(StateValue="ALARM")["MetricAlarms"]

    assert [alarm["AlarmName"] for alarm in firing] == ["errors"]


def test_a_missing_alarm_is_left_out_of_a_description(alarms: Any) -> None:
    found = alarms.describe_alarms(AlarmNames=["errors", "nobody"])["MetricAlarms"]

    assert [alarm["AlarmName"] for alarm in found] == ["errors"]


def test_the_state_of_a_missing_alarm_cannot_be_set(alarms: Any) -> None:
    with pytest.raises(ClientError) as refused:
        set_state(alarms, "ALARM", name="nobody")

    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"


# --- actions


@pytest.fixture
def told(aws: Emulator) -> Any:
    """An alarm that tells a topic of its ALARM and OK, and the queue that hears it."""
    queue = aws.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    topic = aws.client("sns").create_topic(Name="told")["TopicArn"]
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    aws.client("cloudwatch").put_metric_alarm(
        **ERRORS, AlarmActions=[topic], OKActions=[topic], InsufficientDataActions=[]
    )
    return queue


def messages(aws: Emulator, queue: str) -> list[Any]:
    received = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in received.get("Messages", [])]
    return [json.loads(body["Message"]) for body in bodies]


def test_a_transition_is_published_to_the_topic_of_its_new_state(aws: Emulator, told: str) -> None:
    set_state(aws.client("cloudwatch"), "ALARM")

    (message,) = messages(aws, told)
    assert (message["AlarmName"], message["NewStateReason"]) == ("errors", "set to ALARM")
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")


@pytest.mark.parametrize(
    ("states", "published"),
    [
        pytest.param(["ALARM", "ALARM"], ["ALARM"], id="the same state again"),
        pytest.param(["ALARM", "OK"], ["ALARM", "OK"], id="two transitions"),
        pytest.param(["OK", "INSUFFICIENT_DATA"], ["OK"], id="a state without actions"),
    ],
)
def test_only_transitions_with_actions_are_published(
    aws: Emulator, told: str, states: list[str], published: list[str]
) -> None:
    for state in states:
        set_state(aws.client("cloudwatch"), state)

    assert [message["NewStateValue"] for message in messages(aws, told)] == published


def test_disabled_actions_are_not_taken(aws: Emulator, told: str) -> None:
    aws.client("cloudwatch").disable_alarm_actions(AlarmNames=["errors"])

    set_state(aws.client("cloudwatch"), "ALARM")

    assert messages(aws, told) == []


# --- alarms that follow something


@pytest.fixture(scope="module")
def running_ministack() -> Iterator[Ministack]:
    with ministack() as running:
        yield running


@pytest.fixture
def following(running_ministack: Ministack) -> Any:
    """Alarms that are evaluated: `errors` follows a metric, and `anything` follows `errors`."""
    running_ministack.reset()
    client = running_ministack.client("cloudwatch")
    client.put_metric_alarm(**ERRORS)
    client.put_composite_alarm(AlarmName="anything", AlarmRule='ALARM("errors")')
    return client


def test_a_composite_alarm_fires_when_its_child_does(following: Any) -> None:
    before = described(following, "anything")["StateValue"]

    set_state(following, "ALARM")

    assert before != "ALARM"
    assert described(following, "anything")["StateValue"] == "ALARM"


def test_an_alarm_fires_when_its_metric_crosses_the_threshold(following: Any) -> None:
    following.put_metric_data(Namespace="shop", MetricData=[{"MetricName": "Errors", "Value": 1}])

    assert described(following)["StateValue"] == "ALARM"


def test_a_composite_alarm_is_described_only_when_asked_for(following: Any) -> None:
    alone = following.describe_alarms(AlarmNames=["anything"])

    assert alone["CompositeAlarms"] == []
    assert described(following, "anything")["AlarmName"] == "anything"


def test_without_ministack_its_tests_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"ministack is not installed.*Run `make test`"):
        Ministack(tmp_path / "bin/python")
