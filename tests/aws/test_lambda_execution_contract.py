"""How the emulated Lambda runs code, as AWS documents it."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.aws.answers import error_of, payload
from tests.aws.emulator import Emulator
from tests.aws.functions import ROLE, publish


@pytest.fixture
def functions(aws: Emulator) -> Any:
    return aws.client("lambda")


def test_the_code_runs_on_the_event(aws: Emulator, functions: Any) -> None:
    publish(aws, "adder", "def handler(event, context): return event['a'] + event['b']")

    answer = functions.invoke(FunctionName="adder", Payload=b'{"a": 1, "b": 2}')

    assert (payload(answer), answer["StatusCode"]) == (3, 200)
    assert "FunctionError" not in answer


def test_an_invocation_without_a_payload_gets_an_empty_event(aws: Emulator, functions: Any) -> None:
    publish(aws, "echo", "def handler(event, context): return event")

    assert payload(functions.invoke(FunctionName="echo")) == {}


def test_a_payload_that_is_not_json_is_refused(aws: Emulator, functions: Any) -> None:
    publish(aws, "echo", "def handler(event, context): return event")

    refusal = error_of(lambda: functions.invoke(FunctionName="echo", Payload=b"{"))

    assert refusal == ("InvalidRequestContentException", 400)


def test_the_function_sees_its_own_variables_and_not_ours(aws: Emulator, functions: Any) -> None:
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    publish(aws, "seer", source, environment={"TABLE": "orders"})

    seen = payload(functions.invoke(FunctionName="seer"))

    ours = set(psutil.Process(aws.pid).environ()) - {"PATH", "HOME", "LC_CTYPE", "AWS_REGION"}
    assert (seen["TABLE"], seen["AWS_LAMBDA_FUNCTION_NAME"]) == ("orders", "seer")
    assert {name for name in seen if not name.startswith("AWS_")} & ours == set()


def test_the_function_can_call_back_with_boto3_in_its_own_role(
    aws: Emulator, functions: Any
) -> None:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )
    publish(aws, "caller", source)

    identity = payload(functions.invoke(FunctionName="caller"))

    assert identity.endswith(f":assumed-role/{ROLE}/caller")


def test_the_function_is_stopped_when_its_time_is_over(aws: Emulator, functions: Any) -> None:
    source = "import time\ndef handler(event, context): time.sleep(600)"
    publish(aws, "sleeper", source, timeout_seconds=1)

    answer = functions.invoke(FunctionName="sleeper")

    error = payload(answer)
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert psutil.Process(aws.pid).children() == []


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        pytest.param(
            "def handler(event, context): raise ValueError('no stock')",
            "ValueError",
            "no stock",
            id="an exception of its own",
        ),
        pytest.param(
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'hook': No module named 'nowhere'",
            id="an import that fails",
        ),
        pytest.param(
            "",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'hook'",
            id="no handler",
        ),
        pytest.param(
            "def handler(event, context): return object()",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type object is not JSON serializable",
            id="a result that is not JSON",
        ),
        pytest.param(
            "def handler(event, context): raise SystemExit(3)",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
            id="a process that ends",
        ),
    ],
)
def test_a_failed_invocation_says_what_and_why(
    aws: Emulator, functions: Any, source: str, kind: str, message: str
) -> None:
    publish(aws, "broken", source)

    answer = functions.invoke(FunctionName="broken")

    error = payload(answer)
    assert (answer["FunctionError"], answer["StatusCode"]) == ("Unhandled", 200)
    assert error["errorType"] == kind
    assert error["errorMessage"].endswith(message)


def test_the_stack_of_an_exception_begins_in_the_function(aws: Emulator, functions: Any) -> None:
    publish(aws, "broken", "def handler(event, context):\n    raise ValueError")

    (frame,) = payload(functions.invoke(FunctionName="broken"))["stackTrace"]

    assert 'hook.py", line 2, in handler' in frame


def test_the_end_of_the_log_comes_with_the_answer_when_asked_for(
    aws: Emulator, functions: Any
) -> None:
    publish(aws, "talker", "def handler(event, context): print('x' * 5000 + 'last words')")

    told = functions.invoke(FunctionName="talker", LogType="Tail")
    untold = functions.invoke(FunctionName="talker")

    log = base64.b64decode(told["LogResult"])
    assert len(log) == 4096
    assert log.splitlines()[-2].endswith(b"last words")
    assert log.splitlines()[-1].startswith(b"END RequestId: ")
    assert "LogResult" not in untold


def test_an_event_invocation_is_accepted_and_runs_later(
    aws: Emulator, functions: Any, tmp_path: Path
) -> None:
    source = "def handler(event, context): open(event, 'w').close()"
    publish(aws, "later", source)
    trace = tmp_path / "trace"

    answer = functions.invoke(
        FunctionName="later", InvocationType="Event", Payload=json.dumps(str(trace)).encode()
    )

    assert answer["StatusCode"] == 202
    wait_until(trace.exists)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def test_a_dry_run_runs_nothing(aws: Emulator, functions: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    publish(aws, "dry", f"def handler(event, context): open({str(trace)!r}, 'w').close()")

    answer = functions.invoke(FunctionName="dry", InvocationType="DryRun")

    assert answer["StatusCode"] == 204
    assert not trace.exists()


def test_an_invocation_leaves_no_files_behind(aws: Emulator, functions: Any) -> None:
    publish(aws, "clean", "def handler(event, context): open('here', 'w').write('x')")
    home = Path(psutil.Process(aws.pid).environ()["TMPDIR"])
    before = set(home.iterdir())

    functions.invoke(FunctionName="clean")

    assert set(home.iterdir()) <= before
