"""Looking at ECS services and their task sets.

Everything is read by DescribeServices, whose answer holds the task sets with their counts. What
has stopped tasks is asked of the tasks themselves.

Source: ECS API Reference, DescribeServices, ListTasks and DescribeTasks.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from activities.target_groups import TargetGroups
from activities.task_sets import (
    Complaint,
    chosen,
    complaints_of_events,
    complaints_of_tasks,
    task_set_of,
)
from activities.translation import final
from codedeploy.ecs_service import TaskSet, TaskSetQuestion
from codedeploy.errors import DeploymentFailure, ErrorCode

Described = Mapping[str, Any]

_NOTHING: Described = {}


class Place(Protocol):
    """Whatever names a service, and the role to ask in."""

    @property
    def cluster(self) -> str:
        """Name or ARN."""

    @property
    def service(self) -> str:
        """Name or ARN."""

    @property
    def role_arn(self) -> str | None:
        """None asks with the worker's own credentials."""


class ServiceReader:
    """Reads services; changes nothing."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def described(self, place: Place) -> Described | None:
        """Return a service as ECS describes it; None if it, or its cluster, does not exist."""
        ecs = self._aws.client("ecs", place.role_arn)
        with asking(
            "ecs:DescribeServices", name_of(place), otherwise=ErrorCode.INVALID_ECS_SERVICE
        ):
            try:
                answer = ecs.describe_services(cluster=place.cluster, services=[place.service])
            except ecs.exceptions.ClusterNotFoundException:
                return None
        services: list[Described] = answer["services"]
        return services[0] if services else None

    def find(self, question: TaskSetQuestion) -> TaskSet | None:
        """Return a task set as it is now; None if it is not there, or its service is not."""
        return chosen(_task_sets_in(self.described(question) or _NOTHING), question)

    def found(self, question: TaskSetQuestion) -> TaskSet:
        """Return a task set as it is now.

        Raises:
            ApplicationError: It is not there; final.
        """
        return _existing(self.find(question), question)

    def watched(self, question: TaskSetQuestion) -> TaskSet:
        """Return a task set with its `trouble`: what keeps it from taking traffic.

        Raises:
            ApplicationError: It is not there; final.
        """
        service = self.described(question) or _NOTHING
        found = _existing(chosen(_task_sets_in(service), question), question)
        trouble = "" if found.is_steady else self._complaint(service, found, question)
        trouble = trouble or self._unfit(found, question)
        if found.desired_count == 0 < service["desiredCount"]:
            trouble = "ECS does not ask for any of its tasks yet"
        return found.model_copy(update={"trouble": trouble})

    def _unfit(self, found: TaskSet, question: TaskSetQuestion) -> str:
        if question.target_group_arn is None:
            return ""
        groups = TargetGroups(self._aws, question.role_arn)
        return groups.unfit(question.target_group_arn, found)

    def _complaint(self, service: Described, found: TaskSet, question: TaskSetQuestion) -> str:
        """Return what went wrong last with the tasks; empty if nothing is known to have."""
        complaints = complaints_of_events(service.get("events", ()), found)
        try:
            complaints += self._stopped(found, question)
        except ApplicationError as refusal:
            # Reasons are welcome, but a role that may not read them can deploy all the same.
            if refusal.type != ErrorCode.IAM_ROLE_PERMISSIONS:
                raise
            return max(complaints)[1] if complaints else refusal.message
        return max(complaints)[1] if complaints else ""

    def _stopped(self, found: TaskSet, question: TaskSetQuestion) -> list[Complaint]:
        ecs, where = self._aws.client("ecs", question.role_arn), name_of(question)
        with asking("ecs:ListTasks", where, otherwise=ErrorCode.ECS_UPDATE_ERROR):
            listed = ecs.list_tasks(
                cluster=question.cluster, serviceName=question.service, desiredStatus="STOPPED"
            )["taskArns"]
        if not listed:
            return []
        with asking("ecs:DescribeTasks", where, otherwise=ErrorCode.ECS_UPDATE_ERROR):
            tasks = ecs.describe_tasks(cluster=question.cluster, tasks=listed)["tasks"]
        return complaints_of_tasks(tasks, found)


def name_of(place: Place) -> str:
    """Return `cluster:service`."""
    return ":".join(each.rpartition("/")[2] for each in (place.cluster, place.service))


def _task_sets_in(service: Described) -> list[TaskSet]:
    return [task_set_of(each) for each in service.get("taskSets", ())]


def _existing(found: TaskSet | None, question: TaskSetQuestion) -> TaskSet:
    if found is not None:
        return found
    which = question.task_set or f"of {question.external_id}"
    raise final(
        DeploymentFailure(
            ErrorCode.ECS_UPDATE_ERROR,
            f"The service {name_of(question)} has no task set {which} any more: somebody else has "
            "deleted it. Find out who (CloudTrail, DeleteTaskSet), then deploy again.",
        )
    )
