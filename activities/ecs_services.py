"""ECS services and their task sets: looked at, created, watched and deleted.

Source: ECS API Reference, CreateTaskSet, UpdateServicePrimaryTaskSet and DeleteTaskSet.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from activities.listeners import Listeners
from activities.pauses import growing_pauses
from activities.service_reader import Described, ServiceReader, name_of
from activities.target_groups import TargetGroups
from activities.task_definitions import TaskDefinitions
from activities.task_sets import request_of, task_set_of
from activities.translation import final
from codedeploy.ecs_service import (
    DRAINING,
    PRIMARY,
    ReplacementOrder,
    Service,
    ServiceDescription,
    ServiceQuestion,
    TaskSet,
    TaskSetQuestion,
)
from codedeploy.errors import DeploymentFailure, ErrorCode

LONGEST_DRAIN = timedelta(minutes=10)
"""How long one attempt watches a deleted task set; by default, targets drain for five minutes."""

LATE_LISTING = timedelta(seconds=10)
"""How long ECS may not list a task set yet that it has created."""

_asking = partial(asking, otherwise=ErrorCode.ECS_UPDATE_ERROR)


class EcsServices:
    """What deployments ask of ECS.

    Args:
        aws: Whose clients to use.
        pauses: How long to wait between two looks at tasks that take their time.
        longest_drain: How long one attempt watches a deleted task set.
        late_listing: How long a task set that a deployment may have created is looked for, and one
            that still has traffic is looked at again.
    """

    def __init__(
        self,
        aws: Aws,
        *,
        pauses: Callable[[], Iterator[float]] = growing_pauses,
        longest_drain: timedelta = LONGEST_DRAIN,
        late_listing: timedelta = LATE_LISTING,
    ) -> None:
        self._aws = aws
        self._reader = ServiceReader(aws)
        self._listeners = Listeners(aws)
        self._pauses = pauses
        self._longest_drain = longest_drain
        self._late_listing = late_listing

    @activity.defn(name="look_at_service")
    def look(self, question: ServiceQuestion) -> ServiceDescription:
        """Return all that must be known of a service and its load balancer; reads only."""
        described = self._reader.described(question)
        if described is None:
            raise _no_service(question)
        role, test, brought = question.role_arn, question.test_listener, question.task_definition
        return ServiceDescription(
            service=_service_of(described),
            target_groups=TargetGroups(self._aws, role).named(question.target_groups),
            production=self._listeners.describe(question.production_listener, role),
            test=None if test is None else self._listeners.describe(test, role),
            task_definition=None if brought is None else self._definitions(role).described(brought),
        )

    @activity.defn(name="create_replacement")
    def create_replacement(self, order: ReplacementOrder) -> TaskSet:
        """Return the task set of `order`; a second call returns the one that the first created."""
        found = self._reader.find(
            TaskSetQuestion(
                cluster=order.cluster,
                service=order.service,
                external_id=order.external_id,
                role_arn=order.role_arn,
            )
        )
        if found is not None:
            return found
        advice = "Correct the AppSpec file, or what it names."
        with _asking("ecs:CreateTaskSet", name_of(order), advice=advice):
            answer = self._ecs(order.role_arn).create_task_set(**request_of(order))
        return task_set_of(answer["taskSet"])

    @activity.defn(name="await_steady_state")
    async def until_steady(self, question: TaskSetQuestion) -> TaskSet:
        """Return a task set once all its tasks run and its targets are healthy.

        Targets that nobody checks are fine while their group is behind no load balancer. It waits
        without end. What each look finds is in the details of the heartbeat, as a `TaskSet`: the
        counts, and in `trouble` what keeps it from being steady, as far as AWS says.
        """
        pauses = self._pauses()
        while True:
            seen = await asyncio.to_thread(self._reader.watched, question)
            activity.heartbeat(seen)
            if seen.is_steady and not seen.trouble:
                return seen
            await asyncio.sleep(next(pauses))

    @activity.defn(name="make_task_set_primary")
    def make_primary(self, question: TaskSetQuestion) -> None:
        """Make a task set the primary one of its service; a second call changes nothing."""
        found = self._reader.found(question)
        if found.status == PRIMARY:
            return
        with _asking("ecs:UpdateServicePrimaryTaskSet", f"{name_of(question)}, {found.id}"):
            self._ecs(question.role_arn).update_service_primary_task_set(
                cluster=question.cluster, service=question.service, primaryTaskSet=found.id
            )

    @activity.defn(name="delete_task_set")
    async def delete(self, question: TaskSetQuestion) -> None:
        """Delete a task set, and return when it has gone with all its tasks.

        One that has gone already, or was never created, is fine; that of a deployment is looked for
        for a while, because it may be listed late. The primary one is not deleted; that is tried
        again, because who is primary may be told late.

        Raises:
            ApplicationError: ECS_UPDATE_ERROR, the listener that spares it sends it traffic; final.
        """
        try:
            async with asyncio.timeout(self._longest_drain.total_seconds()):
                await self._delete_and_watch(question)
        except TimeoutError:
            raise ApplicationError(
                f"The task set {question.task_set or question.external_id} of {name_of(question)} "
                f"is deleted, but was not gone after {self._longest_drain}. Lower the "
                "deregistration delay of its target group, or find out why its tasks do not stop.",
                type=ErrorCode.ECS_UPDATE_ERROR,
            ) from None

    async def _delete_and_watch(self, question: TaskSetQuestion) -> None:
        pauses = self._pauses()
        if question.external_id is not None:
            await self._until_listed(question)
        if question.spared_by is not None:
            await self._until_idle(question)
        left = await asyncio.to_thread(self._delete, question)
        while left is not None:
            activity.heartbeat(left)
            await asyncio.sleep(next(pauses))
            left = await asyncio.to_thread(self._reader.find, question)

    async def _until_listed(self, question: TaskSetQuestion) -> None:
        pauses = self._pauses()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._late_listing.total_seconds()):
                while await asyncio.to_thread(self._reader.find, question) is None:
                    activity.heartbeat()
                    await asyncio.sleep(next(pauses))

    async def _until_idle(self, question: TaskSetQuestion) -> None:
        """Wait a while for a listener that tells late how it divides its traffic."""
        pauses = self._pauses()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._late_listing.total_seconds()):
                while await asyncio.to_thread(self._has_traffic, question):
                    activity.heartbeat()
                    await asyncio.sleep(next(pauses))

    def _has_traffic(self, question: TaskSetQuestion) -> bool:
        found = self._reader.find(question)
        return found is not None and self._serves(found, question)

    def _delete(self, question: TaskSetQuestion) -> TaskSet | None:
        """Let a task set drain unless it does; return what is left of it."""
        found = self._reader.find(question)
        if found is None or found.status == DRAINING:
            return found
        if found.status == PRIMARY:
            raise _is_primary(found, question)
        if self._serves(found, question):
            raise _has_traffic_again(found, question)
        ecs = self._ecs(question.role_arn)
        with _asking("ecs:DeleteTaskSet", f"{name_of(question)}, {found.id}"):
            try:
                ecs.delete_task_set(
                    cluster=question.cluster, service=question.service, taskSet=found.id, force=True
                )
            except ecs.exceptions.TaskSetNotFoundException:
                return None
        return found

    def _serves(self, found: TaskSet, question: TaskSetQuestion) -> bool:
        if question.spared_by is None or found.status == DRAINING:
            return False
        listener = self._listeners.describe(question.spared_by, question.role_arn)
        return bool(listener.serving & {*found.target_group_arns})

    def _definitions(self, role_arn: str | None) -> TaskDefinitions:
        return TaskDefinitions(self._aws, role_arn)

    def _ecs(self, role_arn: str | None) -> Any:
        return self._aws.client("ecs", role_arn)


def _service_of(described: Described) -> Service:
    return Service(
        cluster_arn=described["clusterArn"],
        service_arn=described["serviceArn"],
        name=described["serviceName"],
        cluster=described["clusterArn"].rpartition("/")[2],
        status=described["status"],
        deployment_controller=described.get("deploymentController", {}).get("type", "ECS"),
        scheduling_strategy=described.get("schedulingStrategy", "REPLICA"),
        desired_count=described["desiredCount"],
        task_sets=tuple(task_set_of(each) for each in described.get("taskSets", ())),
    )


def _no_service(question: ServiceQuestion) -> ApplicationError:
    return final(
        DeploymentFailure(
            ErrorCode.INVALID_ECS_SERVICE,
            f"There is no service {question.service} in the cluster {question.cluster}, which "
            "ecsServices of the deployment group names. Correct the group, its serviceRoleArn or "
            "AWS_REGION of the worker, or create the service.",
        )
    )


def _is_primary(found: TaskSet, question: TaskSetQuestion) -> ApplicationError:
    return ApplicationError(
        f"The task set {found.id} is not deleted: it is the primary one of {name_of(question)}. "
        "Make another one primary first: aws ecs update-service-primary-task-set --cluster "
        f"{question.cluster} --service {question.service} --primary-task-set ID",
        type=ErrorCode.ECS_UPDATE_ERROR,
    )


def _has_traffic_again(found: TaskSet, question: TaskSetQuestion) -> ApplicationError:
    return final(
        DeploymentFailure(
            ErrorCode.ECS_UPDATE_ERROR,
            f"The task set {found.id} of {name_of(question)} is not deleted: {question.spared_by} "
            "sends it production traffic, and this deployment had moved all of that. Find out who "
            "moved it back. To be rid of the task set, give the traffic to the primary one, and: "
            f"aws ecs delete-task-set --force --cluster {question.cluster} --service "
            f"{question.service} --task-set {found.id}",
        )
    )
