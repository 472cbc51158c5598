"""Batches whose load balancers do as they are told, or say why not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.directory import DepartureQuestion
from codedeploy.commands import LifecycleCommand
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.load_balancing import LoadBalancerInfo
from codedeploy.revision import BundleType, LocalLocation, PinnedRevision, Revision, RevisionType
from codedeploy.target import TargetResult
from codedeploy.traffic_control import TrafficCommand, TrafficReport
from workflows.batch import BatchWorkflow
from workflows.orders import BatchOrder, BatchReport
from workflows.registry import runner

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = tuple(f"i-{number:017x}" for number in range(50))
REVISION = PinnedRevision(
    revision=Revision(
        revision_type=RevisionType.LOCAL, local_location=LocalLocation(location="/revisions/v1")
    ),
    label="v1",
    location="file:///store/v1",
    bundle_type=BundleType.DIRECTORY,
    sha256="0" * 64,
    size_bytes=1,
)


class FakeBalancers:
    """Load balancers that follow at once.

    Attributes:
        ended: When each target has followed; long ago if nothing is said.
        failures: Why each of the others has not.
        refusal: Why they cannot be told at all.
        takes_long: They are told, and nobody follows.
        is_told: Set when they are told.
        departed: Which targets have left the fleet.
        asked: The targets that somebody has asked after, a tuple a question.
    """

    def __init__(self) -> None:
        self.ended: dict[str, datetime] = {}
        self.failures: dict[str, str] = {}
        self.refusal: ApplicationError | None = None
        self.takes_long = False
        self.is_told = asyncio.Event()
        self.departed: dict[str, str] = {}
        self.asked: list[tuple[str, ...]] = []

    @activity.defn
    async def block_traffic(self, command: TrafficCommand) -> TrafficReport:
        self.is_told.set()
        if self.refusal is not None:
            raise self.refusal
        while self.takes_long:
            activity.heartbeat()
            await asyncio.sleep(0.05)
        followed = [one for one in command.targets if one not in self.failures]
        ended = {one: self.ended.get(one, LONG_AGO) for one in followed}
        return TrafficReport(ended=ended, failures=self.failures)

    @activity.defn
    async def find_departed(self, question: DepartureQuestion) -> dict[str, str]:
        self.asked.append(question.names)
        return {name: why for name, why in self.departed.items() if name in question.names}

    @property
    def activities(self) -> list[Callable[..., Any]]:
        return [self.block_traffic, self.find_departed]


@pytest.fixture
def balancers() -> FakeBalancers:
    return FakeBalancers()


class Batch:
    """A batch that takes hosts out of service, and does nothing else to them."""

    def __init__(self, handle: WorkflowHandle[Any, BatchReport]) -> None:
        self._handle = handle

    async def report(self) -> BatchReport:
        return await self._handle.result()

    async def stop(self) -> None:
        await self._handle.cancel()

    async def targets(self) -> dict[str, TargetResult]:
        found = await self._handle.query(BatchWorkflow.targets)
        return {one.target_id: one for one in found}


@asynccontextmanager
async def batch(
    client: Client, balancers: FakeBalancers, *names: str, share: int = 50
) -> AsyncIterator[Batch]:
    queue = f"batch-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[BatchWorkflow],
        workflow_runner=runner(),
        activities=balancers.activities,
    ):
        yield Batch(
            await client.start_workflow(
                BatchWorkflow.run, order(names, share), id=f"batch/{uuid4()}", task_queue=queue
            )
        )


def order(names: tuple[str, ...], share: int) -> BatchOrder:
    return BatchOrder(
        deployment_id="d-ABCDEF123",
        number=1,
        targets=names,
        share=share,
        segments=((LifecycleEvent.BLOCK_TRAFFIC,),),
        command=LifecycleCommand(
            deployment_id="d-ABCDEF123",
            deployment_group_id="g-1",
            deployment_group_name="prod",
            application_name="shop",
            revision=REVISION,
            events=(),
        ),
        agent_timeout_seconds=30,
        script_seconds=60,
        traffic=TrafficCommand(
            deployment_id="d-ABCDEF123", targets=(), load_balancer_info=LoadBalancerInfo()
        ),
    )


# --- what load balancers say


async def test_each_host_ends_a_traffic_event_when_it_was_seen_to(
    temporal: Client, balancers: FakeBalancers
) -> None:
    first, second, *_ = NAMES
    balancers.ended = {first: LONG_AGO, second: LONG_AGO + timedelta(minutes=5)}

    async with batch(temporal, balancers, first, second) as made:
        await made.report()
        targets = await made.targets()

    assert {name: target.events[0].end_time for name, target in targets.items()} == balancers.ended


async def test_a_host_that_did_not_follow_fails_in_the_words_of_the_load_balancer(
    temporal: Client, balancers: FakeBalancers
) -> None:
    first, second, *_ = NAMES
    balancers.failures = {second: "target group web: it drains"}

    async with batch(temporal, balancers, first, second) as made:
        report = await made.report()
        event = (await made.targets())[second].events[0]

    (failure,) = report.failures
    assert (failure.error_code, failure.event) == (
        "ELASTIC_LOAD_BALANCING_INVALID",
        LifecycleEvent.BLOCK_TRAFFIC,
    )
    assert event.diagnostics is not None
    assert event.diagnostics.message == failure.message == f"{second}: target group web: it drains"


async def test_load_balancers_that_cannot_be_told_fail_all_with_their_own_code_and_words(
    temporal: Client, balancers: FakeBalancers
) -> None:
    balancers.refusal = ApplicationError(
        "Allow it to the role.", type="IAM_ROLE_PERMISSIONS", non_retryable=True
    )

    async with batch(temporal, balancers, *NAMES[:2]) as made:
        report = await made.report()

    assert [(one.error_code, one.message) for one in report.failures] == [
        ("IAM_ROLE_PERMISSIONS", f"{name}: Allow it to the role.") for name in NAMES[:2]
    ]


async def test_a_host_that_is_stopped_on_its_way_out_of_service_counts_as_touched(
    temporal: Client, balancers: FakeBalancers
) -> None:
    balancers.takes_long = True

    async with batch(temporal, balancers, *NAMES[:2]) as made:
        await balancers.is_told.wait()
        await made.stop()
        report = await made.report()

    assert report.touched == NAMES[:2]
    assert {failure.error_code for failure in report.failures} == {"MANUAL_STOP"}


# --- who has left the fleet


async def test_hosts_that_have_left_are_skipped_and_the_others_have_failed(
    temporal: Client, balancers: FakeBalancers
) -> None:
    here, gone, *_ = NAMES
    balancers.failures = {here: "it drains", gone: "there is no such instance"}
    balancers.departed = {gone: "EC2 says that it is terminated"}

    async with batch(temporal, balancers, here, gone) as made:
        report = await made.report()

    assert report.departed == (gone,)
    assert [failure.target_id for failure in report.failures] == [here]


async def test_hosts_that_fail_together_are_asked_after_together(
    temporal: Client, balancers: FakeBalancers
) -> None:
    balancers.failures = dict.fromkeys(NAMES, "it drains")

    async with batch(temporal, balancers, *NAMES) as made:
        report = await made.report()

    assert len(report.failures) == len(NAMES)
    assert [sorted(names) for names in balancers.asked] == [[*NAMES]]
