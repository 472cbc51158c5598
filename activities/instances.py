"""EC2 instances: terminated, whoever launched them.

Source: EC2 API Reference, DescribeInstances and TerminateInstances.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from activities.aws import Aws, asking
from codedeploy.auto_scaling import InstancesOrder
from codedeploy.errors import ErrorCode

_A_CALL = 100
_LEFT = ("pending", "running", "stopping", "stopped")
_ADVICE = (
    "If an instance is protected, lift that (aws ec2 modify-instance-attribute "
    "--no-disable-api-termination --instance-id ID), or terminate it yourself."
)
_asking = partial(asking, otherwise=ErrorCode.AUTO_SCALING_CONFIGURATION)


class Instances:
    """The instances that an order is about."""

    def __init__(self, aws: Aws, order: InstancesOrder) -> None:
        self._client = aws.client("ec2", order.role_arn)
        self._names = order.names

    def left(self) -> tuple[str, ...]:
        """Return those that are neither gone nor on their way out, sorted."""
        return tuple(sorted(one for some in _parts(self._names) for one in self._left_of(some)))

    def terminate(self) -> None:
        """Terminate those that are left.

        Raises:
            ApplicationError: One is protected, and named; final. EC2 terminates none that is in
                the same zone and call then.
        """
        for some in _parts(self.left()):
            with _asking("ec2:TerminateInstances", ", ".join(some), advice=_ADVICE):
                self._client.terminate_instances(InstanceIds=list(some))

    def _left_of(self, names: Sequence[str]) -> Iterator[str]:
        # A filter passes over what does not exist, where a list of ids is refused as a whole.
        filters = [
            {"Name": "instance-id", "Values": list(names)},
            {"Name": "instance-state-name", "Values": list(_LEFT)},
        ]
        with _asking("ec2:DescribeInstances", ", ".join(names)):
            pages = self._client.get_paginator("describe_instances").paginate(Filters=filters)
            reservations = pages.build_full_result()["Reservations"]
        for reservation in reservations:
            yield from (one["InstanceId"] for one in reservation["Instances"])


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _A_CALL):
        yield names[start : start + _A_CALL]
