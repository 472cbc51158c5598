"""Runs a Lambda function once, as the runtime inside Lambda does.

    python lambda_runtime.py MODULE.HANDLER ANSWER < EVENT

The answer is a JSON file with either a `result` or an `error`; no file means that the function
ended its process itself. What the function prints goes where our own output goes: to its log.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any


class RuntimeFailure(Exception):
    """The function could not be started, or its result not be sent."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = f"Runtime.{kind}"


class Context:
    """What a handler can ask about its invocation."""

    def __init__(self) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.aws_request_id = os.environ.pop("_REQUEST_ID")
        self.invoked_function_arn = os.environ.pop("_INVOKED_ARN")
        self._deadline = time.monotonic() + float(os.environ.pop("_TIMEOUT"))

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return int((self._deadline - time.monotonic()) * 1000)


def main() -> None:
    """Run the handler named on the command line."""
    name, answer = sys.argv[1], Path(sys.argv[2])
    # Whatever the function raises ends here, an import error of its own included.
    sys.excepthook = reporter(answer)
    context = Context()
    sys.path.insert(0, str(Path.cwd()))
    result = load(name)(json.load(sys.stdin), context)
    answer.write_text(json.dumps({"result": checked(result)}))


def load(name: str) -> Callable[[Any, Context], Any]:
    """Return the handler called MODULE.HANDLER."""
    module_name, _, function_name = name.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFailure("ImportModuleError", message) from None
    handler: Callable[[Any, Context], Any] | None = getattr(module, function_name, None)
    if handler is None:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFailure("HandlerNotFound", message)
    return handler


def checked(result: Any) -> Any:
    """Return the handler's result if it can be sent."""
    try:
        json.dumps(result)
    except TypeError as error:
        message = f"Unable to marshal response: {error}"
        raise RuntimeFailure("MarshalError", message) from None
    return result


def reporter(
    answer: Path,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Return what writes an unhandled exception into the answer, and into the log."""

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        described = {
            "errorMessage": str(error),
            "errorType": error.kind if isinstance(error, RuntimeFailure) else kind.__name__,
            "stackTrace": [f for f in traceback.format_tb(trace) if __file__ not in f],
        }
        print(f"[ERROR] {described['errorType']}: {error}", flush=True)
        answer.write_text(json.dumps({"error": described}))

    return report


if __name__ == "__main__":
    main()
