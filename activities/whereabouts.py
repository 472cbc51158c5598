"""What became of EC2 instances that a deployment does not reach.

Source: Amazon EC2 API Reference, DescribeInstances; Instance.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from activities.aws import Aws, asking
from codedeploy.errors import ErrorCode
from codedeploy.instances import is_ec2_id

_VALUES_AT_ONCE = 200
"""The most values that EC2 takes in the filters of one call."""


class Whereabouts:
    """Asks EC2 for instances by their ids, in one role."""

    def __init__(self, aws: Aws, role_arn: str | None) -> None:
        self._aws, self._role_arn = aws, role_arn

    def lost(self, names: Sequence[str]) -> dict[str, str]:
        """Return why instances of EC2 do not run, by name; of all others nothing is said.

        Nothing is known without a region.

        Raises:
            ApplicationError: What AWS refuses; to be retried if AWS is busy or was not reached.
        """
        asked = [name for name in names if is_ec2_id(name)]
        if not asked or not self._aws.region:
            return {}
        found = {instance["InstanceId"]: instance for instance in self._described(asked)}
        reasons = {name: _reason(found.get(name)) for name in asked}
        return {name: reason for name, reason in reasons.items() if reason}

    def _described(self, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        pages = self._aws.client("ec2", self._role_arn).get_paginator("describe_instances")
        for start in range(0, len(names), _VALUES_AT_ONCE):
            wanted = {"Name": "instance-id", "Values": names[start : start + _VALUES_AT_ONCE]}
            with asking(
                "ec2:DescribeInstances", ", ".join(names[:3]), otherwise=ErrorCode.INTERNAL_ERROR
            ):
                for page in pages.paginate(Filters=[wanted]):
                    for reservation in page["Reservations"]:
                        yield from reservation["Instances"]


def _reason(instance: Mapping[str, Any] | None) -> str:
    """Return why an instance does not run; empty if it does.

    EC2 shows an instance that is terminated for about an hour.
    """
    if instance is None:
        return "EC2 does not know it: it was terminated a while ago, or is in another region"
    state = instance["State"]["Name"]
    if state == "running":
        return ""
    cause = instance.get("StateTransitionReason")
    return f"EC2 says that it is {state}" + (f" ({cause})" if cause else "")
