"""Hook functions: calling them, and what they answer."""

import json
import re
from base64 import b64decode
from typing import Any

from temporalio import activity

from activities.aws import Aws, asking
from activities.liveness import alive, on_own_thread
from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.hook import HookAnswer, HookCall, answer_in

LONGEST_INVOCATION = 15 * 60
"""Lambda ends every invocation after that many seconds."""

_MARGIN_SECONDS = 60
_LOG_LINES = 10
_LINE_CHARACTERS = 200
_OF_LAMBDA = re.compile("(INIT_START|START|END|REPORT|XRAY) ")
"""How lines of a log begin that the function did not write."""

_WORDS_CHARACTERS = 1000
_CORRECT_NAME = (
    "Create the function in the worker's account and region, or correct its name under Hooks in "
    "the AppSpec file."
)


class Hooks:
    """Lambda functions that say whether a deployment may go on."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @activity.defn(name="call_hook")
    async def call(self, call: HookCall) -> HookAnswer:
        """Invoke a hook function and return its verdict, if it returned one.

        A second call invokes it again, under the same execution id. One that is cancelled ends at
        once; the function is not stopped by that.

        Raises:
            ApplicationError: HOOK_EXECUTION_FAILURE, the function does not exist or has failed.
        """
        return await alive(on_own_thread(lambda: self._invoke(call)))

    def _invoke(self, call: HookCall) -> HookAnswer:
        client = self._aws.client(
            "lambda", call.role_arn, read_seconds=LONGEST_INVOCATION + _MARGIN_SECONDS
        )
        with asking(
            "lambda:InvokeFunction",
            f"function {call.function} ({call.event})",
            otherwise=ErrorCode.HOOK_EXECUTION_FAILURE,
            advice=_CORRECT_NAME,
        ):
            answer = client.invoke(
                FunctionName=call.function,
                LogType="Tail",
                Payload=json.dumps(call.payload).encode(),
            )
            with answer["Payload"] as body:
                payload = body.read()
        if "FunctionError" in answer:
            raise _failed(call, _parsed(payload), answer.get("LogResult", ""))
        return answer_in(_parsed(payload))


def _parsed(payload: bytes) -> Any:
    """Return what a function returned; None if it is not JSON."""
    try:
        return json.loads(payload)
    except ValueError:
        return None


def _failed(call: HookCall, returned: Any, log: str) -> Exception:
    return final(
        DeploymentFailure(
            ErrorCode.HOOK_EXECUTION_FAILURE,
            f"The function {call.function} ({call.event}) failed: {_words(returned)}."
            f"{_last_lines(log)} Correct the function, then deploy again.",
        )
    )


def _words(returned: Any) -> str:
    """Return what Lambda says of an error that a function did not catch."""
    said = returned if isinstance(returned, dict) else {}
    parts = (str(said[key]) for key in ("errorType", "errorMessage") if said.get(key))
    words = ": ".join(parts) or "it gave no reason"
    return words[:_WORDS_CHARACTERS].rstrip(".")


def _last_lines(log: str) -> str:
    """Return the end of what a function wrote to its log, which Lambda gives in base64."""
    lines = b64decode(log).decode(errors="replace").splitlines()
    written = [line for line in lines if line.strip() and not _OF_LAMBDA.match(line)]
    shown = "\n".join(line[:_LINE_CHARACTERS] for line in written[-_LOG_LINES:])
    return f" Its last log lines:\n{shown}\n" if shown else ""
