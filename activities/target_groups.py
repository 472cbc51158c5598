"""Target groups: which there are, and whether the tasks in one can take traffic.

Source: Elastic Load Balancing API Reference, TargetGroup and TargetHealth.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from activities.aws import Aws, asking
from codedeploy.ecs_service import TargetGroup, TaskSet
from codedeploy.errors import ErrorCode

_asking = partial(asking, otherwise=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID)
_UNUSED = ("unused", "Target.NotInUse")


class TargetGroups:
    """Reads the target groups of one role."""

    def __init__(self, aws: Aws, role_arn: str | None) -> None:
        self._client = aws.client("elbv2", role_arn)

    def named(self, names: Iterable[str]) -> tuple[TargetGroup, ...]:
        """Return those of the names that exist, in their order."""
        return tuple(group for name in names for group in self._named(name))

    def unfit(self, arn: str, task_set: TaskSet) -> str:
        """Return why the tasks of `task_set` cannot take traffic in a group; empty if they can.

        The group is for this task set alone: whatever is registered in it, and does not drain,
        must be healthy, and there must be as many targets as tasks run. Targets that nobody has
        checked are as good as healthy for as long as the group is behind no load balancer: there
        is nobody to check them.
        """
        with _asking("elasticloadbalancing:DescribeTargetHealth", arn):
            answer = self._client.describe_target_health(TargetGroupArn=arn)
        targets = [one for one in answer["TargetHealthDescriptions"] if not _drains(one)]
        ill = [one for one in targets if one["TargetHealth"]["State"] != "healthy"]
        if ill and not (all(map(_is_unused, ill)) and self._is_behind_nothing(arn)):
            return _described(ill)
        if len(targets) < task_set.running_count:
            return (
                f"{len(targets)} of the {task_set.running_count} running tasks are registered "
                f"in the target group {arn.split('/')[-2]}"
            )
        return ""

    def _named(self, name: str) -> list[TargetGroup]:
        # One call a name: a name that does not exist would hide the others.
        with _asking("elasticloadbalancing:DescribeTargetGroups", name):
            try:
                return self._groups(Names=[name])
            except self._client.exceptions.TargetGroupNotFoundException:
                return []

    def _is_behind_nothing(self, arn: str) -> bool:
        with _asking("elasticloadbalancing:DescribeTargetGroups", arn):
            (group,) = self._groups(TargetGroupArns=[arn])
        return not group.load_balancer_arns

    def _groups(self, **which: Any) -> list[TargetGroup]:
        answer = self._client.describe_target_groups(**which)
        return [
            TargetGroup(
                name=one["TargetGroupName"],
                arn=one["TargetGroupArn"],
                load_balancer_arns=one["LoadBalancerArns"],
            )
            for one in answer["TargetGroups"]
        ]


def _drains(target: Mapping[str, Any]) -> bool:
    return str(target["TargetHealth"]["State"]).endswith("draining")


def _is_unused(target: Mapping[str, Any]) -> bool:
    health = target["TargetHealth"]
    return (health["State"], health.get("Reason")) == _UNUSED


def _described(ill: list[Mapping[str, Any]]) -> str:
    target, health = ill[0]["Target"], ill[0]["TargetHealth"]
    why = health.get("Description") or health.get("Reason")
    more = f", and {len(ill) - 1} more" if len(ill) > 1 else ""
    said = f" ({why})" if why else ""
    return f"target {target['Id']}:{target.get('Port', '')} is {health['State']}{said}{more}"
