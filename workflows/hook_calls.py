"""Asking hook functions, and taking in what they say."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.hooks import Hooks
from codedeploy.deployment import Wait
from codedeploy.errors import DeploymentFailure, ErrorCode, UnsupportedActionForDeploymentType
from codedeploy.hook import HookAnswer, HookCall, HookReport, HookStatus, refusal_of
from codedeploy.lifecycle import LifecycleEvent
from workflows.options import MARGIN, awaiting
from workflows.orders import DeploymentOrder

CALLBACK = "put_lifecycle_event_hook_execution_status"

Answering = asyncio.Task[HookAnswer]


class HookCalls:
    """The hook calls of one deployment; its callbacks are updates of the workflow.

    The first word counts: what the function returns, that it broke, or the callback.

    Attributes:
        wait: The verdict that is waited for; None if none is.
    """

    def __init__(self, order: DeploymentOrder) -> None:
        self._order = order
        self.wait: Wait | None = None
        self._awaited: list[str] = []
        self._over: list[str] = []
        self._verdicts: dict[str, HookStatus] = {}

    async def ask(self, function: str, event: LifecycleEvent) -> None:
        """Call `function` and return when it said Succeeded.

        Raises:
            DeploymentFailure: HOOK_EXECUTION_FAILURE, it said Failed, or nothing in time.
            ActivityError: It broke, or could not be called.
        """
        call = self._call(function, event)
        self._open(call)
        answering: Answering = asyncio.create_task(_called(call))
        try:
            answer = await self._first_word(call, answering)
        finally:
            self._close(call.execution_id)
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
        if answer.status is HookStatus.FAILED:
            raise DeploymentFailure(ErrorCode.HOOK_EXECUTION_FAILURE, _failed(call, answer))

    def refuse(self, report: HookReport) -> None:
        """Refuse a callback that nobody waits for.

        Raises:
            ApplicationError: Of the type that CodeDeploy names.
        """
        problem = refusal_of(report, open_calls=self._awaited, closed=self._over)
        if problem is not None:
            raise ApplicationError(problem.message, type=problem.code, non_retryable=True)

    def take(self, report: HookReport) -> str:
        """Keep the verdict of a callback and return its execution id."""
        name = report.lifecycle_event_hook_execution_id
        self._verdicts.setdefault(name, HookStatus(report.status))
        self._close(name)
        return name

    def _open(self, call: HookCall) -> None:
        self._awaited.append(call.execution_id)
        self.wait = Wait(
            reason=f"the verdict of {call.function} on hook execution {call.execution_id}",
            until=workflow.now() + timedelta(seconds=call.timeout_seconds),
        )

    def _close(self, execution_id: str) -> None:
        self.wait = None
        if execution_id in self._awaited:
            self._awaited.remove(execution_id)
            self._over.append(execution_id)

    def _call(self, function: str, event: LifecycleEvent) -> HookCall:
        return HookCall(
            function=function,
            deployment_id=self._order.deployment_id,
            event=event,
            execution_id=str(workflow.uuid4()),
            timeout_seconds=self._order.group.hook_timeout_minutes * 60,
            role_arn=self._order.group.service_role_arn,
        )

    async def _first_word(self, call: HookCall, answering: Answering) -> HookAnswer:
        try:
            await workflow.wait_condition(
                lambda: call.execution_id in self._verdicts or _has_spoken(answering),
                timeout=timedelta(seconds=call.timeout_seconds),
                timeout_summary=f"the verdict of {call.function}",
            )
        except TimeoutError:
            raise DeploymentFailure(ErrorCode.HOOK_EXECUTION_FAILURE, _silent(call)) from None
        verdict = self._verdicts.get(call.execution_id)
        return answering.result() if verdict is None else HookAnswer(status=verdict)


async def _called(call: HookCall) -> HookAnswer:
    """Return what the call gave; that its time is over is for a timer to say."""
    return await workflow.execute_activity_method(
        Hooks.call,
        call,
        summary=f"{call.event}: ask {call.function}",
        **awaiting(timedelta(seconds=call.timeout_seconds) + MARGIN),
    )


def _has_spoken(answering: Answering) -> bool:
    """Whether the call gave a verdict or broke; one that merely returned awaits its callback."""
    if not answering.done():
        return False
    has_ended_badly = answering.cancelled() or answering.exception() is not None
    return has_ended_badly or answering.result().status is not None


def _failed(call: HookCall, answer: HookAnswer) -> str:
    said = f': "{answer.message}"' if answer.message else ""
    return (
        f"The hook function {call.function} ({call.event}) said Failed{said}. Its log is in "
        f"CloudWatch, {call.log_group}."
    )


def _silent(call: HookCall) -> str:
    return (
        f"The hook function {call.function} ({call.event}) did not say within "
        f"{call.timeout_seconds // 60} min what it found. Let it return "
        '{"status": "Succeeded"}, or report the execution '
        f"{call.execution_id}; the limit is hookTimeoutMinutes of the group."
    )


def no_hooks(deployment_id: str) -> ApplicationError:
    """Return the refusal of a callback to a deployment to servers."""
    problem = UnsupportedActionForDeploymentType(
        f"{deployment_id} is a deployment to servers, which have scripts and no hook functions."
    )
    return ApplicationError(problem.message, type=problem.code, non_retryable=True)
