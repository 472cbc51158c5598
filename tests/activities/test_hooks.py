import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.hooks import Hooks
from codedeploy.hook import HookAnswer, HookCall, HookStatus
from codedeploy.lifecycle import LifecycleEvent
from tests.aws.emulator import Emulator
from tests.aws.functions import publish

GOOD = "{'status': 'Succeeded', 'message': 'all well'}"


@pytest.fixture
def hooks(clients: Aws) -> Hooks:
    return Hooks(clients)


def returning(aws: Emulator, expression: str) -> None:
    publish(aws, "check", f"def handler(event, context): return {expression}")


def call_of(function: str = "check") -> HookCall:
    return HookCall(
        function=function,
        deployment_id="d-ABCDEF123",
        event=LifecycleEvent.BEFORE_ALLOW_TRAFFIC,
        execution_id="execution-1",
        timeout_seconds=3600,
    )


async def call(hooks: Hooks, function: str = "check") -> HookAnswer:
    return await ActivityEnvironment().run(hooks.call, call_of(function))


async def failure(hooks: Hooks, function: str = "check") -> ApplicationError:
    with pytest.raises(ApplicationError) as failed:
        await call(hooks, function)
    return failed.value


async def test_a_function_is_told_deployment_and_execution(aws: Emulator, hooks: Hooks) -> None:
    returning(aws, "{'status': 'Failed', 'message': str(sorted(event.items()))}")

    answer = await call(hooks)

    assert answer.message == (
        "[('DeploymentId', 'd-ABCDEF123'), ('LifecycleEventHookExecutionId', 'execution-1')]"
    )


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        (GOOD, HookAnswer(status=HookStatus.SUCCEEDED, message="all well")),
        ("{'status': 'Failed'}", HookAnswer(status=HookStatus.FAILED)),
        ("None", HookAnswer()),
        ("'Succeeded'", HookAnswer()),
        ("{'statusCode': 200}", HookAnswer()),
    ],
    ids=["succeeded", "failed", "nothing", "a word", "something else"],
)
async def test_what_a_function_returns_is_its_verdict(
    aws: Emulator, hooks: Hooks, returned: str, answer: HookAnswer
) -> None:
    returning(aws, returned)

    assert await call(hooks) == answer


async def test_a_function_is_called_by_its_arn(aws: Emulator, hooks: Hooks) -> None:
    returning(aws, GOOD)
    arn = aws.client("lambda").get_function_configuration(FunctionName="check")["FunctionArn"]

    assert (await call(hooks, arn)).status is HookStatus.SUCCEEDED


async def test_an_error_of_a_function_is_told_in_its_own_words(aws: Emulator, hooks: Hooks) -> None:
    source = "def handler(event, context):\n    print('asking')\n    raise OSError('no such page')"
    publish(aws, "check", source)

    failed = await failure(hooks)

    assert (failed.type, failed.non_retryable) == ("HOOK_EXECUTION_FAILURE", True)
    assert failed.message.startswith(
        "The function check (BeforeAllowTraffic) failed: OSError: no such page."
    )
    assert "asking\n" in failed.message


async def test_only_the_end_of_a_long_log_is_shown(aws: Emulator, hooks: Hooks) -> None:
    source = (
        "import sys\n"
        "def handler(event, context):\n"
        "    for number in range(900): print('line', number)\n"
        "    print('x' * 1000)\n"
        "    sys.exit('over')"
    )
    publish(aws, "check", source)

    shown = (await failure(hooks)).message.partition("Its last log lines:\n")[2]

    assert "line 899\n" in shown
    assert "line 880\n" not in shown
    assert "x" * 200 + "\n" in shown
    assert "RequestId" not in shown


async def test_a_long_error_is_cut(aws: Emulator, hooks: Hooks) -> None:
    publish(aws, "check", "def handler(event, context): raise ValueError('x' * 9000)")

    assert len((await failure(hooks)).message) < 4000


async def test_a_function_that_takes_too_long_has_failed(aws: Emulator, hooks: Hooks) -> None:
    source = "import time\ndef handler(event, context): time.sleep(60)"
    publish(aws, "check", source, timeout_seconds=1)

    failed = await failure(hooks)

    assert failed.type == "HOOK_EXECUTION_FAILURE"
    assert "Task timed out after 1.00 seconds" in failed.message


async def test_a_function_that_does_not_exist_is_named(hooks: Hooks) -> None:
    failed = await failure(hooks, "nothing")

    assert (failed.type, failed.non_retryable) == ("HOOK_EXECUTION_FAILURE", True)
    assert failed.message.startswith(
        "lambda:InvokeFunction on function nothing (BeforeAllowTraffic) is refused: "
        "ResourceNotFoundException"
    )
    assert "correct its name under Hooks in the AppSpec file" in failed.message


async def test_a_call_that_lasts_is_alive_and_ends_when_it_is_cancelled(
    hooks: Hooks, silence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", silence)
    environment = ActivityEnvironment()
    is_alive = asyncio.Event()
    environment.on_heartbeat = lambda *_: is_alive.set()
    running = asyncio.create_task(environment.run(hooks.call, call_of()))
    await is_alive.wait()

    environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
async def silence() -> AsyncIterator[str]:
    """A place that takes calls and answers none, until the test is over."""
    open_calls: list[asyncio.StreamWriter] = []

    def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        open_calls.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.close()
    for writer in open_calls:
        writer.close()
