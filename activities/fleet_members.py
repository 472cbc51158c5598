"""Who belongs to a fleet, as EC2 and Auto Scaling groups say.

Source: CodeDeploy User Guide, Tagging instances; Integrating CodeDeploy with Amazon EC2 Auto
Scaling.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from activities.aws import Aws, asking
from activities.scaling_reader import ScalingReader, group_of
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.ec2_filters import Question, questions
from codedeploy.errors import ErrorCode
from codedeploy.instance import Tag
from codedeploy.instances import all_lists_match, ec2_lists
from codedeploy.membership import AwsMembers

INSTANCES_AT_ONCE = 1000
"""The most that EC2 tells of in one answer."""

_RUNNING = {"Name": "instance-state-name", "Values": ["running"]}


class FleetMembers:
    """Asks AWS for the members of one fleet, in the service role of its deployment group.

    Args:
        aws: Whose clients to use.
        group: Whose fleet it is.
        at_once: How many instances EC2 is to tell of in one answer.
    """

    def __init__(
        self, aws: Aws, group: DeploymentGroup, *, at_once: int = INSTANCES_AT_ONCE
    ) -> None:
        self._aws, self._group, self._at_once = aws, group, at_once

    def look(self, held: Sequence[str] = ()) -> AwsMembers:
        """Return the members that AWS names; it is asked for nothing that the fleet does not name.

        Without a region EC2 is not asked either.

        Args:
            held: Instances that count although their Auto Scaling group has them not in service.

        Raises:
            ApplicationError: AUTO_SCALING_CONFIGURATION, an Auto Scaling group does not exist; or
                what AWS refuses. To be retried if AWS is busy or was not reached.
        """
        zones = self._in_scaling_groups(held) if self._group.auto_scaling_groups else {}
        if not ec2_lists(self._group) or not self._aws.region:
            return AwsMembers(zones)
        return AwsMembers({**zones, **self._tagged()}, ec2_is_asked=True)

    def _in_scaling_groups(self, held: Sequence[str]) -> dict[str, str]:
        meant = frozenset(held)
        reader = ScalingReader(self._aws, self._group.service_role_arn)
        return {
            one.name: one.zone
            for described in reader.all_of(self._group.auto_scaling_groups)
            for one in group_of(described).instances
            if one.is_in_service or one.name in meant
        }

    def _tagged(self) -> dict[str, str]:
        lists = ec2_lists(self._group)
        return {
            instance["InstanceId"]: instance["Placement"]["AvailabilityZone"]
            for question in questions(lists)
            for instance in self._running(question)
            if all_lists_match(lists, _tags(instance))
        }

    def _running(self, question: Question) -> Iterator[dict[str, Any]]:
        client = self._aws.client("ec2", self._group.service_role_arn)
        filters = [{"Name": name, "Values": list(values)} for name, values in question.items()]
        pages = client.get_paginator("describe_instances").paginate(
            Filters=[_RUNNING, *filters], PaginationConfig={"PageSize": self._at_once}
        )
        with asking(
            "ec2:DescribeInstances",
            f"instances of the deployment group {self._group.full_name}",
            otherwise=ErrorCode.INTERNAL_ERROR,
            advice="Correct its ec2TagFilters or ec2TagSet.",
        ):
            for page in pages:
                for reservation in page["Reservations"]:
                    yield from reservation["Instances"]


def _tags(instance: dict[str, Any]) -> tuple[Tag, ...]:
    return tuple(Tag(key=one["Key"], value=one["Value"]) for one in instance.get("Tags", ()))
