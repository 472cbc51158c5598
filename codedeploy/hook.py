"""Hook functions: what they are told, and how they say what they found.

Source: CodeDeploy User Guide, AppSpec 'hooks' section for an AWS Lambda or Amazon ECS deployment.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from codedeploy.errors import (
    InvalidLifecycleEventHookExecutionId,
    InvalidLifecycleEventHookExecutionStatus,
    LifecycleEventAlreadyCompleted,
    RollwayError,
)
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.wire import Model


class HookStatus(StrEnum):
    """What a hook function found."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class HookCall(Model):
    """One call of a hook function.

    Attributes:
        execution_id: Names the call; the function gives it back with its verdict.
        timeout_seconds: How long the function may take to say it.
    """

    function: str
    deployment_id: str
    event: LifecycleEvent
    execution_id: str
    timeout_seconds: int
    role_arn: str | None = None

    @property
    def log_group(self) -> str:
        """Where its log is, unless its configuration names another group.

        Source: Lambda API Reference, Invoke: a function is named by its name or its ARN, and may
        be qualified by a version or an alias.
        """
        *_, name = self.function.rpartition(":function:")
        return f"/aws/lambda/{name.partition(':')[0]}"

    @property
    def payload(self) -> dict[str, str]:
        """What the function is given."""
        return {
            "DeploymentId": self.deployment_id,
            "LifecycleEventHookExecutionId": self.execution_id,
        }


class HookAnswer(Model):
    """What came back from the call itself.

    Attributes:
        status: The verdict, if the call gave one; else the callback decides.
        message: What the function had to say.
    """

    status: HookStatus | None = None
    message: str = ""


class HookReport(Model):
    """A callback: the verdict of a hook function, or of whoever speaks for it.

    Source: CodeDeploy API Reference, PutLifecycleEventHookExecutionStatus.
    """

    lifecycle_event_hook_execution_id: str
    status: str


def answer_in(returned: Any) -> HookAnswer:
    """Return the verdict in what a function returned; none if it returned anything else.

    Differs from AWS: CodeDeploy ignores what a function returns. `{"status": "Failed"}` decides
    here, so that a function needs neither the right to call back nor the code for it.
    """
    if not isinstance(returned, dict):
        return HookAnswer()
    status = str(returned.get("status", "")).casefold()
    found = next((each for each in HookStatus if each.value.casefold() == status), None)
    return HookAnswer(status=found, message=str(returned.get("message") or "")[:1000])


def refusal_of(
    report: HookReport, *, open_calls: Collection[str], closed: Collection[str]
) -> RollwayError | None:
    """Return why a callback is refused, or None if it is awaited.

    Args:
        report: What was called back.
        open_calls: Execution ids that a verdict is awaited for.
        closed: Those that have theirs, or whose time is over.
    """
    name = report.lifecycle_event_hook_execution_id
    if report.status not in tuple(HookStatus):
        return InvalidLifecycleEventHookExecutionStatus(
            f"{report.status!r} is no verdict of a hook: expected Succeeded or Failed."
        )
    if name in closed:
        return LifecycleEventAlreadyCompleted(
            f"The hook execution {name} is over: its first verdict counted, or its time had "
            "passed. Nothing was changed."
        )
    if name not in open_calls:
        awaited = ", ".join(open_calls) or "none"
        return InvalidLifecycleEventHookExecutionId(
            f"This deployment knows no hook execution {name!r}. Awaited now: {awaited}."
        )
    return None
