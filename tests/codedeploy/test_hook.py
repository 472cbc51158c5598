from typing import Any

import pytest

from codedeploy.hook import HookCall, HookReport, HookStatus, answer_in, refusal_of
from codedeploy.lifecycle import LifecycleEvent


def call_of(function: str) -> HookCall:
    return HookCall(
        function=function,
        deployment_id="d-7F3K9Q2LM",
        event=LifecycleEvent.BEFORE_ALLOW_TRAFFIC,
        execution_id="e-1",
        timeout_seconds=60,
    )


def test_a_function_is_told_the_deployment_and_its_execution() -> None:
    assert call_of("check").payload == {
        "DeploymentId": "d-7F3K9Q2LM",
        "LifecycleEventHookExecutionId": "e-1",
    }


@pytest.mark.parametrize(
    "name",
    [
        "check",
        "check:live",
        "check:$LATEST",
        "arn:aws:lambda:us-east-1:123456789012:function:check",
        "arn:aws:lambda:us-east-1:123456789012:function:check:7",
        "123456789012:function:check:live",
    ],
)
def test_the_log_of_a_function_is_found_however_it_is_named(name: str) -> None:
    assert call_of(name).log_group == "/aws/lambda/check"


@pytest.mark.parametrize(
    ("returned", "status"),
    [
        ({"status": "Succeeded"}, HookStatus.SUCCEEDED),
        ({"status": "failed"}, HookStatus.FAILED),
        ({"status": "Unknown"}, None),
        ({"statusCode": 200}, None),
        ("Succeeded", None),
        (None, None),
        ([{"status": "Failed"}], None),
    ],
    ids=repr,
)
def test_a_returned_status_is_a_verdict_and_anything_else_is_none(
    returned: Any, status: HookStatus | None
) -> None:
    assert answer_in(returned).status is status


def test_a_returned_message_is_kept_within_bounds() -> None:
    assert len(answer_in({"status": "Failed", "message": "x" * 10_000}).message) == 1000


def test_a_message_that_is_none_is_not_told() -> None:
    assert answer_in({"status": "Failed", "message": None}).message == ""


def _refusal(execution: str, status: str) -> str | None:
    report = HookReport(lifecycle_event_hook_execution_id=execution, status=status)
    refusal = refusal_of(report, open_calls=["now"], closed=["before"])
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("execution", "status", "code"),
    [
        ("now", "Succeeded", None),
        ("now", "Failed", None),
        ("now", "InProgress", "InvalidLifecycleEventHookExecutionStatusException"),
        ("before", "Succeeded", "LifecycleEventAlreadyCompletedException"),
        ("never", "Succeeded", "InvalidLifecycleEventHookExecutionIdException"),
    ],
)
def test_only_the_verdict_that_is_awaited_is_taken(
    execution: str, status: str, code: str | None
) -> None:
    assert _refusal(execution, status) == code
