"""Instances that our lifecycle hooks hold: watched, kept waiting, and let go.

Source: Amazon EC2 Auto Scaling API Reference, RecordLifecycleActionHeartbeat and
CompleteLifecycleAction; User Guide, Amazon EC2 Auto Scaling lifecycle hooks.

Differs from AWS: CodeDeploy learns of instances from a queue alone. Here the groups themselves are
asked, so that no instance is forgotten whose notice is lost, and a queue only makes it quicker.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.liveness import alive, on_own_thread
from activities.notice_queue import Heard, NoticeQueue
from activities.pauses import growing_pauses
from activities.scaling_reader import unless_gone
from activities.waiting_instances import WaitingInstances
from codedeploy.auto_scaling import HeldQuestion, HeldReport, LifecycleActionOrder
from codedeploy.errors import ErrorCode

T = TypeVar("T")


@dataclass(frozen=True)
class Rhythm:
    """How often a watch does what, in seconds.

    Attributes:
        looks: Between two looks at the groups without a queue, or with one that cannot be read.
        looks_with_queue: The same with a queue, if it is silent.
        heartbeats: Between two signs of life for an instance, at least; a look gives them.
        others_messages: Of silence after messages that somebody else shall read.
        again: After which those are told again whose hook has no answer.
        watch: After which a watch without news ends.
    """

    looks: float = 15
    looks_with_queue: float = 60
    heartbeats: float = 60
    others_messages: float = 5
    again: float = 60
    watch: float = 600


class HeldInstances:
    """What deployments ask of instances on their way into or out of an Auto Scaling group.

    Args:
        aws: Whose clients to use.
        rhythm: How often a watch does what.
        pauses: How long to wait while AWS is too busy to answer.
    """

    def __init__(
        self,
        aws: Aws,
        *,
        rhythm: Rhythm | None = None,
        pauses: Callable[[], Iterator[float]] = growing_pauses,
    ) -> None:
        self._aws = aws
        self._rhythm = rhythm or Rhythm()
        self._pauses = pauses

    @activity.defn(name="await_held_instances")
    async def wait(self, question: HeldQuestion) -> HeldReport:
        """Return as soon as our hooks hold others than the known ones, or hold one no more.

        Every instance that they hold is kept waiting meanwhile. Those of the known that have no
        answer count as others after a minute. Without news, it returns an empty report after some
        minutes. Whatever passes is waited for, throttling for instance; groups that do not exist
        are skipped. A call that is cancelled ends at once, and a second one finds what the first
        would have.

        Raises:
            ApplicationError: IAM_ROLE_PERMISSIONS, the role may not look, listen or keep an
                instance waiting; final.
        """
        return await alive(self._until_news(question))

    @activity.defn(name="complete_lifecycle_action")
    def complete(self, order: LifecycleActionOrder) -> None:
        """Let one instance go on, or be terminated; fine if it waits for us no more."""
        held, client = order.instance, self._aws.client("autoscaling", order.hooks.role_arn)
        unless_gone(
            client,
            "CompleteLifecycleAction",
            held.shown,
            AutoScalingGroupName=held.auto_scaling_group,
            LifecycleHookName=order.hooks.hook_of(held.transition),
            LifecycleActionResult=order.result,
            InstanceId=held.name,
        )

    async def _until_news(self, question: HeldQuestion) -> HeldReport:
        waiting = WaitingInstances(self._aws, question, heartbeat_seconds=self._rhythm.heartbeats)
        queue = self._queue(question)
        began, pauses = _now(), self._pauses()
        over, due = began + self._rhythm.watch, began + self._rhythm.again
        while _now() < over:
            report = await _unless_busy(partial(waiting.look, again=_now() >= due))
            if report is None:
                await asyncio.sleep(next(pauses))
            elif report.has_news:
                return report
            else:
                pauses = self._pauses()
                await self._until_next_look(queue, over)
        return HeldReport()

    def _queue(self, question: HeldQuestion) -> NoticeQueue | None:
        hooks = question.hooks
        return NoticeQueue(self._aws, hooks, hooks.queue_arn) if hooks.queue_arn else None

    async def _until_next_look(self, queue: NoticeQueue | None, over: float) -> None:
        if queue is None:
            await asyncio.sleep(min(self._rhythm.looks, over - _now()))
        else:
            await self._until_rung(queue, min(_now() + self._rhythm.looks_with_queue, over))

    async def _until_rung(self, queue: NoticeQueue, over: float) -> None:
        while (left := over - _now()) > 0:
            heard = await _heard(queue, left)
            if heard is Heard.OURS:
                return
            if heard is None:
                await asyncio.sleep(min(self._rhythm.looks, left))
                return
            if heard is Heard.OTHERS:
                # What was given back would come again at once.
                await asyncio.sleep(min(self._rhythm.others_messages, left))


async def _heard(queue: NoticeQueue, seconds: float) -> Heard | None:
    """Return what has come to a queue; None if it is not there, or SQS is busy."""
    try:
        return await _unless_busy(partial(queue.listen, seconds))
    except ApplicationError as error:
        if error.type != ErrorCode.AUTO_SCALING_CONFIGURATION:
            raise
        activity.logger.warning("%s", error.message)
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _unless_busy(work: Callable[[], T]) -> T | None:
    """Return what a call of AWS returns; None if AWS may answer another time."""
    try:
        return await on_own_thread(work)
    except ApplicationError as error:
        if error.non_retryable:
            raise
        activity.logger.warning("%s", error.message)
        return None
