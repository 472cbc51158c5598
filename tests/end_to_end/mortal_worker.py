"""Workers of the control plane that die when they are told to, and are replaced at once.

    python -m tests.end_to_end.mortal_worker --address ADDRESS --home DIRECTORY NAMESPACE...

Each namespace has one worker, a process of its own. It kills itself where `Fates` in the directory
say so, as the kernel does when memory runs out: without a last word to anybody.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import temporalio.client
from botocore.session import get_session
from temporalio import activity
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.worker._worker import load_default_build_id

import worker
from activities.aws import Aws
from activities.held_instances import Rhythm
from tests.end_to_end.fates import Fate, Fates, Side, owner_and_key
from tests.end_to_end.named_calls import CallBook

BUNDLES, CALLS = "bundles", "calls"

_SERVICES = ("autoscaling", "cloudwatch", "ec2", "ecs", "elbv2", "lambda")
_THREADS = 8

_OFTEN = Rhythm(looks=1)
"""How often Auto Scaling groups are looked at, which nobody here waits 15 seconds for."""

_CALL_LIMIT = timedelta(seconds=5)
_SILENCE_LIMIT = timedelta(seconds=7)
"""More than an activity that is alive keeps silent."""


class Mortal(temporalio.client.Interceptor, Interceptor):
    """Kills this process where `fates` say so; a death is noticed within seconds."""

    def __init__(self, fates: Fates) -> None:
        self._fates = fates

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Strike before or after an activity."""
        return _Struck(next, self._fates)

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Wait less long for dead workers than in earnest."""
        return _Impatient


class _Struck(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, fates: Fates) -> None:
        super().__init__(following)
        self._fates = fates

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        assert info.workflow_id is not None
        owner, key = owner_and_key(info.workflow_id, info.activity_id, info.activity_type)
        fate = self._fates.of(owner)
        if fate == Fate(Side.BEFORE, key):
            self._fates.meet(owner)
        try:
            return await super().execute_activity(input)
        finally:
            if fate == Fate(Side.AFTER, key):
                self._fates.meet(owner)


class _Impatient(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_ImpatientCalls(outbound))


class _ImpatientCalls(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> Any:  # noqa: A002
        if input.heartbeat_timeout is not None:
            input.heartbeat_timeout = _SILENCE_LIMIT
        elif input.start_to_close_timeout is not None:
            input.start_to_close_timeout = _CALL_LIMIT
        return super().start_activity(input)


async def _serve(namespace: str, *, address: str, home: Path, aws: Aws) -> None:
    supervisor = parent_process()
    assert supervisor is not None
    asyncio.get_running_loop().add_reader(supervisor.sentinel, os._exit, 1)
    client = await temporalio.client.Client.connect(
        address,
        namespace=namespace,
        data_converter=pydantic_data_converter,
        interceptors=[Mortal(Fates(home))],
    )
    with ThreadPoolExecutor(_THREADS) as executor:
        await worker.build(client, home / BUNDLES, executor, aws=aws, rhythm=_OFTEN).run()


def _prepared_aws(home: Path) -> Aws:
    """Return clients that are made already: forked workers need not read their models again."""
    session = get_session()
    CallBook(home / CALLS).watch(session)
    aws = Aws(session)
    for service in _SERVICES:
        aws.client(service, None)
    return aws


def _supervise(namespaces: Sequence[str], *, address: str, home: Path) -> None:
    serve = partial(_serve, address=address, home=home, aws=_prepared_aws(home))
    # It reads all modules, which takes half a second: forked workers find it done.
    load_default_build_id()
    running = {namespace: _start(serve, namespace) for namespace in namespaces}
    while True:
        wait([child.sentinel for child in running.values()])
        for namespace, child in running.items():
            if not child.is_alive():
                running[namespace] = _start(serve, namespace)


def _start(serve: Callable[[str], Coroutine[Any, Any, None]], namespace: str) -> ForkProcess:
    child = get_context("fork").Process(target=lambda: asyncio.run(serve(namespace)), daemon=True)
    child.start()
    return child


def main(arguments: Sequence[str] | None = None) -> None:
    """Keep the workers alive until this process is stopped."""
    parser = argparse.ArgumentParser(prog="mortal_worker")
    parser.add_argument("--address", required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("namespaces", nargs="+")
    options = parser.parse_args(arguments)
    _supervise(options.namespaces, address=options.address, home=options.home)


if __name__ == "__main__":
    main()
